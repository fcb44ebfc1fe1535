import type { Database } from '../db/database.js';
import {
  allOf,
  anyOf,
  type DeliveryFilter,
  type DeliveryStatus,
  eventConditions,
  failureConditions,
  listOf,
  OPEN,
  STATUSES,
  statusesOf,
} from '../deliveries/delivery-filter.js';
import { keyOf } from '../ports/delivery-ids.js';
import type { DeliveryId } from '../ports/delivery-ids.js';
import type { SqlPart } from '../ports/sql.js';
import { DeliveryState, EVENT_COLUMNS, storedEvent, type StoredEvent } from '../ports/rows.js';
import { marks, optionalNumber, type Row } from '../ports/sql.js';
import { statesOf } from './claimed-ahead.js';

/** One event for one handler, as it stands. */
export interface DeliveryView {
  handler: string;
  status: DeliveryStatus;
  /** Pending, and claimed by this process, which starts it as soon as it has a slot. */
  claimed?: true;
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
  /** The event's data, where `withData` asked for it; undefined when it was removed. */
  data?: unknown;
  /** Why the data, which was asked for, cannot be read. */
  dataError?: string;
}

/** A delivery as it was found, its event's data as it is stored where that was asked for. */
export interface FoundDelivery {
  view: DeliveryView;
  handlerId: number;
  event?: StoredEvent;
}

export interface DeliveryOrder {
  newestFirst?: boolean;
  withData?: boolean;
}

/** Reads deliveries by filter, for a person. */
export class DeliveryQueries {
  constructor(
    private readonly database: Database,
    /** What this process has claimed and not started: it is pending, though its row says that it runs. */
    private readonly ahead: () => readonly DeliveryId[] = () => [],
  ) {}

  /** Up to `limit` deliveries behind a cursor, in the order of the log or the other way round. */
  async list(
    filter: DeliveryFilter,
    after: readonly [number, number] | undefined,
    limit: number,
    { newestFirst = false, withData = false }: DeliveryOrder = {},
  ): Promise<FoundDelivery[]> {
    const { tables, dialect } = this.database;
    const columns = withData ? EVENT_COLUMNS : 'e.event_key, e.event_group, e.recorded_at';
    const [sign, order] = newestFirst ? [-1, 'DESC'] : [1, 'ASC'];
    const ahead = this.ahead();
    const rows: Row[] = [];
    for (const isOpen of [true, false]) {
      const statuses = statusesOf(filter).filter((status) => OPEN.includes(status) === isOpen);
      if (statuses.length === 0) continue;
      const where = allOf([
        statesOf(statuses, ahead),
        ...(filter.handler === undefined ? [] : [anyOf('h.name', listOf(filter.handler))]),
        ...(filter.key === undefined ? [] : [anyOf('e.event_key', listOf(filter.key))]),
        ...eventConditions(filter, tables),
        ...failureConditions(filter, dialect.syntax),
        ...(after ? [behind(after, newestFirst ? '<' : '>')] : []),
      ]);
      const statement = `SELECT d.*, ${columns}, h.name AS handler_name
        FROM ${isOpen ? tables.delivery : tables.finished} d
        JOIN ${tables.event} e ON e.position = d.position JOIN ${tables.handler} h ON h.id = d.handler_id
        WHERE ${where.sql} ORDER BY d.position ${order}, d.handler_id ${order} LIMIT ?`;
      const parameters = [...where.parameters, limit];
      rows.push(...(await this.database.run((sql) => sql.rows(statement, parameters))));
    }
    const claimed = new Set(ahead.map(keyOf));
    const found = rows.map((row) => ({
      view: deliveryView(row, claimed),
      handlerId: Number(row.handler_id),
      ...(withData ? { event: storedEvent(row) } : {}),
    }));
    return found
      .sort((a, b) => sign * (a.view.position - b.view.position || a.handlerId - b.handlerId))
      .slice(0, limit);
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
}

function behind([position, handlerId]: readonly [number, number], side: '<' | '>'): SqlPart {
  return {
    sql: `(d.position ${side} ? OR (d.position = ? AND d.handler_id ${side} ?))`,
    parameters: [position, position, handlerId],
  };
}

function deliveryView(row: Row, claimed: ReadonlySet<string>): DeliveryView {
  const date = (value: unknown) =>
    value === null || value === undefined ? undefined : new Date(Number(value));
  const [dueAt, failedAt, finishedAt] = [date(row.due_at), date(row.failed_at), date(row.finished_at)];
  const id = { handlerId: Number(row.handler_id), position: Number(row.position) };
  const isAhead = Number(row.state) === DeliveryState.running && claimed.has(keyOf(id));
  return {
    handler: row.handler_name as string,
    status: isAhead ? 'pending' : statusOf(row),
    ...(isAhead ? { claimed: true } : {}),
    position: id.position,
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

function statusOf(row: Row): DeliveryStatus {
  return STATUSES.find((status) => DeliveryState[status] === Number(row.state))!;
}
