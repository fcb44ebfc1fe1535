import type { Database } from '../db/database.js';
import { finishCancelled } from '../deliveries/finish-cancelled.js';
import type { DeliveryId } from '../ports/dialect.js';
import { DEFAULT_RANK, Ordering } from '../registry/known-handler.js';
import { DeliveryState } from '../ports/rows.js';
import { marks, optionalNumber, type Row, type Sql } from '../ports/sql.js';

export type DeliveryStatus = keyof typeof DeliveryState;

/** Which deliveries: all conditions have to hold, a list means any of its values. */
export interface DeliveryFilter {
  status?: DeliveryStatus | readonly DeliveryStatus[];
  /** Names of handlers. */
  handler?: string | readonly string[];
  /** Groups of events, exact. */
  group?: string | readonly string[];
  /** Keys of events. */
  key?: string | readonly string[];
  /** Events recorded before this time. */
  before?: Date;
  /** Events recorded at or after this time. */
  after?: Date;
}

/** One event for one handler, as it stands. */
export interface DeliveryView {
  handler: string;
  status: DeliveryStatus;
  position: number;
  key: string;
  group: string;
  /** Attempts that have ended. */
  attempts: number;
  /** How often it was taken over from a process that died. */
  rescues: number;
  recordedAt: Date;
  /** When it is, or was last, due; open deliveries only. */
  dueAt?: Date;
  /** The last attempt's error with its stack; open deliveries only. */
  error?: string;
  failedAt?: Date;
  /** Succeeded and cancelled deliveries only. */
  finishedAt?: Date;
}

export interface CancelledDeliveries {
  cancelled: (DeliveryId & { group: string })[];
  /** Told by their signal, and not ended yet. */
  running: DeliveryId[];
}

const STATUSES = Object.keys(DeliveryState) as DeliveryStatus[];
const OPEN: readonly DeliveryStatus[] = ['pending', 'running', 'dead'];

interface Condition {
  sql: string;
  parameters: unknown[];
}

/** Reads and changes deliveries by filter, as a person does. */
export class DeliveryQueries {
  constructor(private readonly database: Database) {}

  /** Up to `limit` deliveries behind a cursor, in the order of the log. */
  async list(
    filter: DeliveryFilter,
    after: readonly [number, number],
    limit: number,
  ): Promise<(DeliveryView & { handlerId: number })[]> {
    const behind: Condition = {
      sql: '(d.position > ? OR (d.position = ? AND d.handler_id > ?))',
      parameters: [after[0], after[0], after[1]],
    };
    const rows = await this.each(filter, async (sql, from, where) =>
      sql.rows(
        `SELECT d.*, e.event_key, e.event_group, e.recorded_at, h.name AS handler_name ${from}
         WHERE ${where.sql} AND ${behind.sql} ORDER BY d.position, d.handler_id LIMIT ?`,
        [...where.parameters, ...behind.parameters, limit],
      ),
    );
    const views = rows.map(deliveryView);
    return views.sort((a, b) => a.position - b.position || a.handlerId - b.handlerId).slice(0, limit);
  }

  async counts(filter: DeliveryFilter): Promise<Record<DeliveryStatus, number>> {
    const rows = await this.each(filter, (sql, from, where) =>
      sql.rows(
        `SELECT d.state, count(*) AS count ${from} WHERE ${where.sql} GROUP BY d.state`,
        where.parameters,
      ),
    );
    const counts = Object.fromEntries(STATUSES.map((status) => [status, 0])) as Record<
      DeliveryStatus,
      number
    >;
    for (const row of rows) counts[statusOf(row)] += Number(row.count);
    return counts;
  }

  /**
   * Makes dead and cancelled deliveries pending again, with all their attempts; returns how many. Where the handler is
   * ordered they take up their order key again: each is before what waits in it, and runs beside none of it.
   */
  async retry(filter: DeliveryFilter): Promise<number> {
    return this.database.transaction(async (sql) => {
      let retried = 0;
      const { tables } = this.database;
      const due = this.database.time();
      for (const [handlerId, position] of await this.select(sql, filter, 'dead')) {
        retried += await sql.change(
          `UPDATE ${tables.delivery} SET state = 0, attempts = 0, starts = starts + rescues, rescues = 0, cancel_requested = 0, due_at = ${due.sql}, order_key = ${this.orderKey()}
           WHERE handler_id = ? AND position = ? AND state = ${DeliveryState.dead}`,
          [...due.parameters, handlerId, position, handlerId, position],
        );
      }
      for (const [handlerId, position] of await this.select(sql, filter, 'cancelled'))
        retried += await this.reopen(sql, handlerId, position);
      return retried;
    });
  }

  /** Cancels pending and dead deliveries and asks running ones to end; returns those that are, and those that run. */
  async cancel(filter: DeliveryFilter): Promise<CancelledDeliveries> {
    return this.database.transaction(async (sql) => {
      const cancelled: CancelledDeliveries['cancelled'] = [];
      for (const status of ['pending', 'dead'] as const) {
        for (const [handlerId, position, group] of await this.select(sql, filter, status)) {
          const where = 'handler_id = ? AND position = ? AND state = ?';
          const parameters = [handlerId, position, DeliveryState[status]];
          if (await finishCancelled(this.database, sql, where, parameters))
            cancelled.push({ handlerId, position, group });
        }
      }
      const running = (await this.select(sql, filter, 'running')).map(([handlerId, position]) => ({
        handlerId,
        position,
      }));
      for (const { handlerId, position } of running) {
        await sql.change(
          `UPDATE ${this.database.tables.delivery} SET cancel_requested = 1 WHERE handler_id = ? AND position = ? AND state = 1`,
          [handlerId, position],
        );
      }
      return { cancelled, running };
    });
  }

  /** The first position of an event recorded at or after this time; undefined when there is none. */
  async positionAt(time: Date): Promise<number | undefined> {
    const statement = `SELECT min(position) AS position FROM ${this.database.tables.event} WHERE recorded_at >= ?`;
    const row = await this.database.run((sql) => sql.row(statement, [time.getTime()]));
    return optionalNumber(row?.position);
  }

  /** When, after this time, the next pending delivery of these handlers is due; in epoch milliseconds. */
  async nextDue(handlerIds: readonly number[], after: number): Promise<number | undefined> {
    if (handlerIds.length === 0) return undefined;
    const statement = `SELECT min(due_at) AS due FROM ${this.database.tables.delivery}
      WHERE state = 0 AND due_at > ? AND handler_id IN (${marks(handlerIds.length)})`;
    const parameters = [after, ...handlerIds];
    return optionalNumber((await this.database.run((sql) => sql.row(statement, parameters)))?.due);
  }

  /** SQL of what a delivery's order key is to be; its parameters are the handler and the position. */
  private orderKey(): string {
    const { tables } = this.database;
    return `(SELECT e.order_key FROM ${tables.event} e JOIN ${tables.handler} h ON h.id = ? AND h.ordered = ${Ordering.byKey} WHERE e.position = ?)`;
  }

  private async reopen(sql: Sql, handlerId: number, position: number): Promise<number> {
    const { tables, dialect } = this.database;
    // Retention locks an event before it looks whether a delivery of it is open.
    await sql.rows(`SELECT position FROM ${tables.event} WHERE position = ? ${dialect.forUpdate}`, [
      position,
    ]);
    const gone = await sql.change(
      `DELETE FROM ${tables.finished} WHERE handler_id = ? AND position = ? AND state = ${DeliveryState.cancelled}`,
      [handlerId, position],
    );
    if (gone === 0) return 0;
    const row = await sql.row(
      `SELECT handler_rank, ${this.orderKey()} AS order_key FROM ${tables.handler} WHERE id = ?`,
      [handlerId, position, handlerId],
    );
    const orderKey = (row?.order_key as string | null) ?? null;
    const delivery = {
      handlerId,
      position,
      rank: Number(row?.handler_rank ?? DEFAULT_RANK),
      orderKey,
      availableAt: null,
    };
    await dialect.deliver(sql, tables, [delivery], this.database.time());
    return gone;
  }

  private async select(
    sql: Sql,
    filter: DeliveryFilter,
    status: DeliveryStatus,
  ): Promise<[handlerId: number, position: number, group: string][]> {
    if (!statusesOf(filter).includes(status)) return [];
    const { from, where } = this.scope(filter, [status]);
    const rows = await sql.rows(
      `SELECT d.handler_id, d.position, e.event_group ${from} WHERE ${where.sql}`,
      where.parameters,
    );
    return rows.map((row) => [Number(row.handler_id), Number(row.position), row.event_group as string]);
  }

  /** Runs a query on the tables in which deliveries of the wanted statuses are. */
  private async each(
    filter: DeliveryFilter,
    query: (sql: Sql, from: string, where: Condition) => Promise<Row[]>,
  ): Promise<Row[]> {
    const statuses = statusesOf(filter);
    const parts = [
      statuses.filter((status) => OPEN.includes(status)),
      statuses.filter((status) => !OPEN.includes(status)),
    ];
    return this.database.run(async (sql) => {
      const rows: Row[] = [];
      for (const part of parts.filter(({ length }) => length > 0)) {
        const { from, where } = this.scope(filter, part);
        rows.push(...(await query(sql, from, where)));
      }
      return rows;
    });
  }

  private scope(
    filter: DeliveryFilter,
    statuses: readonly DeliveryStatus[],
  ): { from: string; where: Condition } {
    const { tables } = this.database;
    const table = OPEN.includes(statuses[0]!) ? tables.delivery : tables.finished;
    const from = `FROM ${table} d JOIN ${tables.event} e ON e.position = d.position JOIN ${tables.handler} h ON h.id = d.handler_id`;
    const conditions = [
      anyOf(
        'd.state',
        statuses.map((status) => DeliveryState[status]),
      ),
      ...(filter.handler === undefined ? [] : [anyOf('h.name', listOf(filter.handler))]),
      ...(filter.group === undefined ? [] : [anyOf('e.event_group', listOf(filter.group))]),
      ...(filter.key === undefined ? [] : [anyOf('e.event_key', listOf(filter.key))]),
      ...(filter.before ? [{ sql: 'e.recorded_at < ?', parameters: [filter.before.getTime()] }] : []),
      ...(filter.after ? [{ sql: 'e.recorded_at >= ?', parameters: [filter.after.getTime()] }] : []),
    ];
    const where = {
      sql: conditions.map((condition) => condition.sql).join(' AND '),
      parameters: conditions.flatMap((condition) => condition.parameters),
    };
    return { from, where };
  }
}

function anyOf(column: string, values: readonly unknown[]): Condition {
  return values.length === 0
    ? { sql: '1 = 0', parameters: [] }
    : { sql: `${column} IN (${marks(values.length)})`, parameters: [...values] };
}

function listOf<T extends string>(value: T | readonly T[]): readonly T[] {
  return typeof value === 'string' ? [value] : value;
}

function statusesOf({ status }: DeliveryFilter): readonly DeliveryStatus[] {
  return status === undefined ? STATUSES : listOf(status);
}

function statusOf(row: Row): DeliveryStatus {
  return STATUSES.find((status) => DeliveryState[status] === Number(row.state))!;
}

function deliveryView(row: Row): DeliveryView & { handlerId: number } {
  const date = (value: unknown) =>
    value === null || value === undefined ? undefined : new Date(Number(value));
  const [dueAt, failedAt, finishedAt] = [date(row.due_at), date(row.failed_at), date(row.finished_at)];
  return {
    handlerId: Number(row.handler_id),
    handler: row.handler_name as string,
    status: statusOf(row),
    position: Number(row.position),
    key: row.event_key as string,
    group: row.event_group as string,
    attempts: Number(row.attempts),
    rescues: Number(row.rescues ?? 0),
    recordedAt: new Date(Number(row.recorded_at)),
    ...(dueAt ? { dueAt } : {}),
    ...(row.error ? { error: row.error as string } : {}),
    ...(failedAt ? { failedAt } : {}),
    ...(finishedAt ? { finishedAt } : {}),
  };
}
