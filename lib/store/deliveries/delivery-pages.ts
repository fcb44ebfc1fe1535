import type { Database } from '../db/database.js';
import type { DeliveryId } from '../ports/delivery-ids.js';
import { DeliveryState } from '../ports/rows.js';
import { chunks, optionalNumber, type Row, type Sql } from '../ports/sql.js';
import {
  allOf,
  anyOf,
  type DeliveryFilter,
  type DeliveryStatus,
  eventConditions,
  failureConditions,
  handlerIdsOf,
  listOf,
  positionsOf,
  statusesOf,
} from './delivery-filter.js';

/** Deliveries in a page, at most: what one transaction changes. */
const PAGE = 1000;

/** A delivery of a page, with the group of its event. */
export interface Found extends DeliveryId {
  group: string;
}

/** Where a page of cancelled deliveries ended. */
interface Ended {
  at: number;
  handlerId: number;
  position: number;
}

/**
 * The deliveries that a filter means, a page after the other; each is looked at once, whatever becomes of it meanwhile.
 * Pages are read without a lock and without a transaction: who changes them asks each row again.
 */
export class DeliveryPages {
  constructor(private readonly database: Database) {}

  /** Open ones of these statuses: by the primary key, in log order for each handler. */
  async *open(filter: DeliveryFilter, statuses: readonly DeliveryStatus[]): AsyncGenerator<Found[]> {
    for await (const page of this.openAlone(filter, statuses)) yield* this.matching(filter, page);
  }

  /** Open ones of these statuses without their groups: events are looked at only where the filter asks something of them. */
  openIds(filter: DeliveryFilter, statuses: readonly DeliveryStatus[]): AsyncGenerator<DeliveryId[]> {
    return eventConditions(filter, this.database.tables).length > 0
      ? this.open(filter, statuses)
      : this.openAlone(filter, statuses);
  }

  /** As far as the deliveries themselves tell. */
  private async *openAlone(
    filter: DeliveryFilter,
    statuses: readonly DeliveryStatus[],
  ): AsyncGenerator<DeliveryId[]> {
    const wanted = statuses.filter((status) => statusesOf(filter).includes(status));
    if (wanted.length === 0) return;
    const { tables, dialect } = this.database;
    const numbers = wanted.map((status) => DeliveryState[status]);
    if (filter.key !== undefined) {
      yield* this.ofKeys(filter, tables.delivery, numbers);
      return;
    }
    const where = allOf([anyOf('d.state', numbers), ...failureConditions(filter, dialect.syntax)]);
    for (const handlerId of await this.handlerIds(filter)) {
      for (let after = 0; ;) {
        const rows = await this.database.run((sql) =>
          sql.rows(
            `SELECT d.position FROM ${tables.delivery} d WHERE d.handler_id = ? AND d.position > ? AND ${where.sql}
             ORDER BY d.position LIMIT ${PAGE}`,
            [handlerId, after, ...where.parameters],
          ),
        );
        if (rows.length > 0) yield rows.map(({ position }) => ({ handlerId, position: Number(position) }));
        if (rows.length < PAGE) break;
        after = Number(rows.at(-1)!.position);
      }
    }
  }

  /** Cancelled ones, the first that were first: there is no other index that leaves out what succeeded. */
  async *cancelled(filter: DeliveryFilter): AsyncGenerator<Found[]> {
    if (!statusesOf(filter).includes('cancelled')) return;
    if (filter.key !== undefined) {
      for await (const page of this.ofKeys(filter, this.database.tables.finished, [DeliveryState.cancelled]))
        yield* this.matching(filter, page);
      return;
    }
    const handlerIds = new Set(await this.handlerIds(filter));
    const until = await this.lastCancelled();
    for (let after: Ended | undefined; until !== undefined;) {
      const page = await this.endedBehind(after, until);
      yield* this.matching(
        filter,
        page.filter(({ handlerId }) => handlerIds.has(handlerId)),
      );
      if (page.length < PAGE) return;
      after = page.at(-1);
    }
  }

  /** When the last of those was cancelled that there are now. */
  private async lastCancelled(): Promise<number | undefined> {
    const statement = `SELECT max(finished_at) AS last FROM ${this.database.tables.finished} WHERE state = ${DeliveryState.cancelled}`;
    return optionalNumber((await this.database.run((sql) => sql.row(statement)))?.last);
  }

  private async endedBehind(after: Ended | undefined, until: number): Promise<Ended[]> {
    const behind = after && {
      sql: `finished_at >= ? AND (finished_at > ? OR handler_id > ? OR (handler_id = ? AND position > ?))`,
      parameters: [after.at, after.at, after.handlerId, after.handlerId, after.position],
    };
    const where = allOf([{ sql: 'finished_at <= ?', parameters: [until] }, ...(behind ? [behind] : [])]);
    const rows = await this.database.run((sql) =>
      sql.rows(
        `SELECT handler_id, position, finished_at FROM ${this.database.tables.finished}
         WHERE state = ${DeliveryState.cancelled} AND ${where.sql}
         ORDER BY finished_at, handler_id, position LIMIT ${PAGE}`,
        where.parameters,
      ),
    );
    return rows.map((row) => ({ ...idOf(row), at: Number(row.finished_at) }));
  }

  private async *ofKeys(
    filter: DeliveryFilter,
    table: string,
    states: readonly number[],
  ): AsyncGenerator<DeliveryId[]> {
    const { tables, dialect } = this.database;
    const handlers = anyOf('d.handler_id', await this.handlerIds(filter));
    const positions = await this.database.run((sql) => positionsOf(sql, tables, listOf(filter.key!)));
    for (const batch of chunks(positions, PAGE)) {
      const these = dialect.syntax.oneOf(batch);
      const where = allOf([
        handlers,
        { sql: `d.position ${these.sql}`, parameters: these.parameters },
        // Of finished ones the filter asks nothing of the kind: see `statusesOf`.
        ...failureConditions(filter, dialect.syntax),
      ]);
      const statement = `SELECT d.handler_id, d.position, d.state FROM ${table} d WHERE ${where.sql}`;
      const rows = await this.database.run((sql) => sql.rows(statement, where.parameters));
      const found = rows.filter(({ state }) => states.includes(Number(state))).map(idOf);
      yield* chunks(found, PAGE);
    }
  }

  /** Those of a page whose events are as the filter says; none where that leaves nothing. */
  private async *matching(filter: DeliveryFilter, page: readonly DeliveryId[]): AsyncGenerator<Found[]> {
    if (page.length === 0) return;
    const groups = await this.database.run((sql) => this.groupsOf(sql, filter, page));
    const found = page.flatMap(({ handlerId, position }) => {
      const group = groups.get(position);
      return group === undefined ? [] : [{ handlerId, position, group }];
    });
    if (found.length > 0) yield found;
  }

  private async groupsOf(
    sql: Sql,
    filter: DeliveryFilter,
    page: readonly DeliveryId[],
  ): Promise<Map<number, string>> {
    const { tables, dialect } = this.database;
    const these = dialect.syntax.oneOf([...new Set(page.map(({ position }) => position))]);
    const where = allOf([
      { sql: `e.position ${these.sql}`, parameters: these.parameters },
      ...eventConditions(filter, tables),
    ]);
    const rows = await sql.rows(
      `SELECT e.position, e.event_group FROM ${tables.event} e WHERE ${where.sql}`,
      where.parameters,
    );
    return new Map(rows.map((row) => [Number(row.position), row.event_group as string]));
  }

  private handlerIds(filter: DeliveryFilter): Promise<number[]> {
    return this.database.run((sql) => handlerIdsOf(sql, this.database.tables, filter));
  }
}

function idOf(row: Row): DeliveryId {
  return { handlerId: Number(row.handler_id), position: Number(row.position) };
}
