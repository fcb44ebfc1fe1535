import { DeliveryState } from '../ports/rows.js';
import { chunks, marks, type Sql } from '../ports/sql.js';
import type { SqlPart } from '../ports/sql.js';
import type { Syntax } from '../ports/syntax.js';
import type { Tables } from '../ports/tables.js';

export type DeliveryStatus = keyof typeof DeliveryState;

/** Which deliveries: all conditions have to hold, a list means any of its values. No property may be undefined. */
export interface DeliveryFilter {
  status?: DeliveryStatus | readonly DeliveryStatus[];
  /** Names of handlers. */
  handler?: string | readonly string[];
  /** Groups of events, exact. */
  group?: string | readonly string[];
  /** Keys of events. */
  key?: string | readonly string[];
  /** Tags of events, exact. */
  tag?: string | readonly string[];
  /** A text that is in the last attempt's error, byte by byte: open deliveries only. */
  error?: string;
  /** The last attempt failed before this time: open deliveries only. */
  failedBefore?: Date;
  /** The last attempt failed at or after this time: open deliveries only. */
  failedAfter?: Date;
  /** Events recorded before this time. */
  before?: Date;
  /** Events recorded at or after this time. */
  after?: Date;
}

export const STATUSES = Object.keys(DeliveryState) as DeliveryStatus[];

/** Of deliveries that are not finished. */
export const OPEN: readonly DeliveryStatus[] = ['pending', 'running', 'dead'];

/** Keys in one statement. */
const KEYS = 500;

export function listOf<T extends string>(value: T | readonly T[]): readonly T[] {
  return typeof value === 'string' ? [value] : value;
}

/** Those that the filter may find: what is finished has kept no error. */
export function statusesOf(filter: DeliveryFilter): readonly DeliveryStatus[] {
  const { status } = filter;
  const wanted = status === undefined ? STATUSES : listOf(status);
  return asksOfFailure(filter) ? wanted.filter((one) => OPEN.includes(one)) : wanted;
}

/** Whether it asks something of the last failure. */
export function asksOfFailure({ error, failedBefore, failedAfter }: DeliveryFilter): boolean {
  return error !== undefined || failedBefore !== undefined || failedAfter !== undefined;
}

export function anyOf(column: string, values: readonly unknown[]): SqlPart {
  return values.length === 0
    ? { sql: '1 = 0', parameters: [] }
    : { sql: `${column} IN (${marks(values.length)})`, parameters: values };
}

export function allOf(conditions: readonly SqlPart[]): SqlPart {
  return {
    sql: conditions.map(({ sql }) => sql).join(' AND ') || '1 = 1',
    parameters: conditions.flatMap(({ parameters }) => parameters),
  };
}

/** What the filter asks of the event `e` beside its key; nothing where it asks nothing. */
export function eventConditions({ group, tag, before, after }: DeliveryFilter, t: Tables): SqlPart[] {
  return [
    ...(tag === undefined ? [] : [tagged(t, listOf(tag))]),
    ...(group === undefined ? [] : [anyOf('e.event_group', listOf(group))]),
    ...(before ? [{ sql: 'e.recorded_at < ?', parameters: [before.getTime()] }] : []),
    ...(after ? [{ sql: 'e.recorded_at >= ?', parameters: [after.getTime()] }] : []),
  ];
}

/** By the primary key of the table of tags. */
function tagged(t: Tables, tags: readonly string[]): SqlPart {
  const { sql, parameters } = anyOf('g.tag', tags);
  return {
    sql: `EXISTS (SELECT 1 FROM ${t.tag} g WHERE ${sql} AND g.position = e.position)`,
    parameters,
  };
}

/**
 * What the filter asks of the last failure of the open delivery `d`; nothing where it asks nothing. No index has texts in it:
 * they are looked for in what the other conditions leave.
 */
export function failureConditions(
  { error, failedBefore, failedAfter }: DeliveryFilter,
  syntax: Pick<Syntax, 'contains'>,
): SqlPart[] {
  return [
    ...(failedBefore ? [{ sql: 'd.failed_at < ?', parameters: [failedBefore.getTime()] }] : []),
    ...(failedAfter ? [{ sql: 'd.failed_at >= ?', parameters: [failedAfter.getTime()] }] : []),
    ...(error === undefined ? [] : [{ sql: syntax.contains('d.error'), parameters: [error] }]),
  ];
}

/** The ids of the handlers that the filter names; of all where it names none. */
export async function handlerIdsOf(sql: Sql, t: Tables, { handler }: DeliveryFilter): Promise<number[]> {
  const where = handler === undefined ? allOf([]) : anyOf('name', listOf(handler));
  const rows = await sql.rows(`SELECT id FROM ${t.handler} WHERE ${where.sql} ORDER BY id`, where.parameters);
  return rows.map(({ id }) => Number(id));
}

/** The places of these keys in the log, in its order. */
export async function positionsOf(sql: Sql, t: Tables, keys: readonly string[]): Promise<number[]> {
  const positions: number[] = [];
  for (const batch of chunks([...new Set(keys)], KEYS)) {
    const { sql: where, parameters } = anyOf('event_key', batch);
    const rows = await sql.rows(`SELECT position FROM ${t.event} WHERE ${where}`, parameters);
    positions.push(...rows.map(({ position }) => Number(position)));
  }
  return positions.sort((a, b) => a - b);
}
