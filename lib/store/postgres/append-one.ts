import type { SqlTime } from '../dialect.js';
import { deliveriesOf, EVENT_INSERT_COLUMNS, eventParameters } from '../insert-rows.js';
import { type AppendedRow, DeliveryState, type EventRow } from '../rows.js';
import { marks, type Sql, type Statement } from '../sql.js';
import type { Tables } from '../tables.js';
import { dueAt } from './due-at.js';

const COLUMNS = EVENT_INSERT_COLUMNS.join(', ');

/**
 * One event with its deliveries, as most saves record it: without what it takes to keep several in order. The group of a
 * key that is there is asked for by a second statement: in the first it would cost every save more than that.
 */
export async function appendOne(sql: Sql, t: Tables, row: EventRow, due: SqlTime): Promise<AppendedRow> {
  const { text, parameters } = appendOneStatement(t, row, due);
  const answer = await sql.row(text, parameters);
  if (answer) return { position: Number(answer.position) };
  const known = await sql.row(`SELECT event_group FROM ${t.event} WHERE event_key = ?`, [row.key]);
  return { existingGroup: known?.event_group as string | undefined };
}

/** It returns the position, or no row where the key is there. */
function appendOneStatement(t: Tables, row: EventRow, due: SqlTime): Statement {
  const deliveries = deliveriesOf([row], [0]);
  const waits = deliveries.some(({ wait }) => wait);
  const event = eventParameters(row);
  if (deliveries.length === 0) return { text: statement(t), parameters: event };
  const columns: unknown[][] = [
    deliveries.map((delivery) => delivery.handlerId),
    deliveries.map((delivery) => delivery.rank),
    deliveries.map((delivery) => delivery.orderKey),
    deliveries.map((delivery) => delivery.workerId ?? null),
    ...(waits ? [deliveries.map((delivery) => delivery.wait ?? 0)] : []),
  ];
  const isSingle = deliveries.length === 1;
  return {
    text: statement(t, deliver(t, due, waits, isSingle)),
    parameters: [
      ...event,
      row.availableAt,
      ...due.parameters,
      ...(isSingle ? columns.map(([value]) => value) : columns),
    ],
  };
}

function statement(t: Tables, delivering?: string): string {
  return `WITH recorded AS (
    INSERT INTO ${t.event} AS e (position, ${COLUMNS})
    VALUES (nextval('${t.name('event_position')}'), ${marks(EVENT_INSERT_COLUMNS.length)})
    ON CONFLICT (event_key) DO NOTHING RETURNING e.position
  )${delivering ? `, delivered AS (${delivering})` : ''}
  SELECT position FROM recorded`;
}

/** One delivery is a row of its own: taking it out of arrays costs the server a tenth of what the statement does. */
function deliver(t: Tables, due: SqlTime, waits: boolean, isSingle: boolean): string {
  const wait = (column: string) => (waits ? column : '');
  const source = isSingle
    ? `(VALUES (?::integer, ?::smallint, ?::text, ?::bigint${wait(', ?::bigint')}))`
    : `unnest(?::integer[], ?::smallint[], ?::text[], ?::bigint[]${wait(', ?::bigint[]')})`;
  return `INSERT INTO ${t.delivery} (handler_id, position, handler_rank, order_key, due_at, worker_id, state)
    SELECT d.handler_id, r.position, d.handler_rank, d.order_key, ${dueAt('?::bigint', `(${due.sql})::bigint`, waits)},
      d.worker_id, CASE WHEN d.worker_id IS NULL THEN ${DeliveryState.pending} ELSE ${DeliveryState.running} END
    FROM recorded r CROSS JOIN ${source} AS d (handler_id, handler_rank, order_key, worker_id${wait(', wait')})`;
}
