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
  positionsOf,
  STATUSES,
  statusesOf,
} from '../deliveries/delivery-filter.js';
import { keyOf } from '../ports/delivery-ids.js';
import type { DeliveryId } from '../ports/delivery-ids.js';
import type { SqlPart } from '../ports/sql.js';
import { DeliveryState, EVENT_COLUMNS, storedEvent, type StoredEvent } from '../ports/rows.js';
import { marks, optionalNumber, type Row, type Sql } from '../ports/sql.js';
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

  /**
   * Up to `limit` deliveries behind a cursor, in the order of the log or the other way round. Each handler's are read in the order
   * of the primary key, and no further than what was found of others: nothing is sorted but that.
   */
  async list(
    filter: DeliveryFilter,
    after: readonly [number, number] | undefined,
    limit: number,
    order: DeliveryOrder = {},
  ): Promise<FoundDelivery[]> {
    const { tables } = this.database;
    const { newestFirst = false } = order;
    const ahead = this.ahead();
    const rows = await this.database.run(async (sql) => {
      const places =
        filter.key === undefined ? undefined : await positionsOf(sql, tables, listOf(filter.key));
      if (places?.length === 0) return [];
      const names = await this.handlersOf(sql, filter);
      let found: Row[] = [];
      for (const part of this.parts(filter, places, ahead, order))
        for (const [id, name] of names) {
          const last = found.length < limit ? undefined : Number(found.at(-1)!.position);
          const more = await sql.rows(...statementOf(part, { id, after, last, limit, newestFirst }));
          found.push(...more.map((row) => ({ ...row, handler_name: name })));
          if (more.length > 0) found = inOrder(found, newestFirst).slice(0, limit);
        }
      return found;
    });
    const claimed = new Set(ahead.map(keyOf));
    return rows.map((row) => ({
      view: deliveryView(row, claimed),
      handlerId: Number(row.handler_id),
      ...(order.withData ? { event: storedEvent(row) } : {}),
    }));
  }

  private async handlersOf(sql: Sql, { handler }: DeliveryFilter): Promise<[number, string][]> {
    const where = handler === undefined ? allOf([]) : anyOf('name', listOf(handler));
    const statement = `SELECT id, name FROM ${this.database.tables.handler} WHERE ${where.sql} ORDER BY id`;
    const rows = await sql.rows(statement, where.parameters);
    return rows.map(({ id, name }) => [Number(id), name as string]);
  }

  /** What is open and what is finished, as far as the filter asks for it. */
  private parts(
    filter: DeliveryFilter,
    places: readonly number[] | undefined,
    ahead: readonly DeliveryId[],
    { withData = false }: DeliveryOrder,
  ): Part[] {
    const { tables, dialect } = this.database;
    const columns = withData ? EVENT_COLUMNS : 'e.event_key, e.event_group, e.recorded_at';
    const these = places && dialect.syntax.oneOf(places);
    const ofEvents = eventConditions(filter, tables);
    return [true, false].flatMap((isOpen) => {
      const statuses = statusesOf(filter).filter((status) => OPEN.includes(status) === isOpen);
      if (statuses.length === 0) return [];
      const where = [
        // Where all of the table is asked for nothing is asked: planners take conditions for what they are not.
        ...(statuses.length === statusesIn(isOpen) ? [] : [statesOf(statuses, ahead)]),
        ...(these ? [{ ...these, sql: `d.position ${these.sql}` }] : []),
        ...ofEvents,
        ...failureConditions(filter, dialect.syntax),
      ];
      const table = isOpen ? tables.delivery : tables.finished;
      return [{ table, event: tables.event, columns, where, asksOfEvents: ofEvents.length > 0 }];
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
}

function statusesIn(isOpen: boolean): number {
  return isOpen ? OPEN.length : STATUSES.length - OPEN.length;
}

interface Part {
  readonly table: string;
  readonly event: string;
  /** Of events. */
  readonly columns: string;
  readonly where: readonly SqlPart[];
  /** Whether one of the conditions is of events. */
  readonly asksOfEvents: boolean;
}

interface Stretch {
  /** Of the handler. */
  readonly id: number;
  readonly after: readonly [number, number] | undefined;
  /** What lies beyond this position is not asked for. */
  readonly last: number | undefined;
  readonly limit: number;
  readonly newestFirst: boolean;
}

function statementOf(part: Part, stretch: Stretch): [string, unknown[]] {
  const { table, event, columns, asksOfEvents } = part;
  const { id, after, last, limit, newestFirst } = stretch;
  const [beyond, within, order] = newestFirst ? ['<', '>=', 'DESC'] : ['>', '<=', 'ASC'];
  const bounds: SqlPart[] = [{ sql: 'd.handler_id = ?', parameters: [id] }];
  if (after) {
    const [position, handlerId] = after;
    // Of the event in which the cursor stands, those of further handlers are still to come.
    const isFurther = newestFirst ? id < handlerId : id > handlerId;
    bounds.push({ sql: `d.position ${beyond}${isFurther ? '=' : ''} ?`, parameters: [position] });
  }
  if (last !== undefined) bounds.push({ sql: `d.position ${within} ?`, parameters: [last] });
  const { sql: where, parameters } = allOf([...bounds, ...part.where]);
  const these = `WHERE ${where} ORDER BY d.position ${order} LIMIT ?`;
  // Who may choose how to join may choose to read all of either.
  const statement = asksOfEvents
    ? `SELECT d.*, ${columns} FROM ${table} d JOIN ${event} e ON e.position = d.position ${these}`
    : `SELECT p.*, ${columns} FROM (SELECT d.* FROM ${table} d ${these}) p JOIN ${event} e ON e.position = p.position`;
  return [statement, [...parameters, limit]];
}

function inOrder(rows: readonly Row[], newestFirst: boolean): Row[] {
  const sign = newestFirst ? -1 : 1;
  const difference = (column: string, a: Row, b: Row) => Number(a[column]) - Number(b[column]);
  return [...rows].sort((a, b) => sign * (difference('position', a, b) || difference('handler_id', a, b)));
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
