import type { Database } from '../db/database.js';
import {
  allOf,
  anyOf,
  asksOfFailure,
  type DeliveryFilter,
  type DeliveryStatus,
  eventConditions,
  failureConditions,
} from '../deliveries/delivery-filter.js';
import type { SqlPart } from '../ports/sql.js';
import { DeliveryState } from '../ports/rows.js';
import type { Tables } from '../ports/tables.js';

/** Deliveries of each status that a count looks at, at most. */
export const COUNTED = 10_000;

/** Each reads by an index, and nothing that is of another status: but for finished ones of a handler, of which nearly all succeeded. */
export function sourcesOf(
  t: Tables,
  status: DeliveryStatus,
  filter: DeliveryFilter,
  handlerIds: readonly number[],
): string[] {
  const { handler } = filter;
  const select = `SELECT handler_id, position, state${asksOfFailure(filter) ? ', error, failed_at' : ''} FROM`;
  const state = `state = ${DeliveryState[status]}`;
  const finished = [`${select} ${t.finished} WHERE ${state} ORDER BY finished_at DESC`];
  const each = (table: string, more: string) =>
    handlerIds.map((id) => `${select} ${table} WHERE handler_id = ${Number(id)} ${more}`);
  switch (status) {
    case 'pending':
      return ['order_key IS NULL', 'order_key IS NOT NULL'].flatMap((key) =>
        each(t.delivery, `AND ${state} AND ${key}`),
      );
    case 'dead':
      return each(t.delivery, `AND ${state}`);
    // By the index on workers: whatever runs has one.
    case 'running':
      return [`${select} ${t.delivery} WHERE ${state} AND worker_id IS NOT NULL`];
    case 'succeeded':
      return handler === undefined ? finished : each(t.finished, 'ORDER BY position DESC');
    case 'cancelled':
      return finished;
  }
}

/** Whether `sourcesOf` reads the deliveries of each handler for themselves. */
export function isByHandler(status: DeliveryStatus, { handler }: DeliveryFilter): boolean {
  return status === 'pending' || status === 'dead' || (status === 'succeeded' && handler !== undefined);
}

/**
 * The first so many of those as `d`, and the condition on which each of them counts. What the filter asks is asked of
 * those alone: an index on all that it may ask for would cost every delivery, and without one it reads the whole table.
 */
export function windowOn(
  { tables: t, dialect }: Pick<Database, 'tables' | 'dialect'>,
  sources: readonly string[],
  status: DeliveryStatus,
  filter: DeliveryFilter,
  handlerIds: readonly number[],
): { from: string; matches: SqlPart } {
  const limit = `LIMIT ${COUNTED + 1}`;
  const parts = sources.map((source, index) => `SELECT * FROM (${source} ${limit}) s${index}`);
  const conditions = eventConditions(filter, t);
  const event = conditions.length > 0 ? `LEFT JOIN ${t.event} e ON e.position = d.position` : '';
  const matches = allOf([
    { sql: `d.state = ${DeliveryState[status]}`, parameters: [] },
    ...(filter.handler === undefined ? [] : [anyOf('d.handler_id', handlerIds)]),
    ...conditions,
    ...failureConditions(filter, dialect.syntax),
  ]);
  return { from: `FROM (${parts.join(' UNION ALL ')} ${limit}) d ${event}`, matches };
}
