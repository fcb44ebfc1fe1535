import {
  deliveriesOf,
  EVENT_INSERT_COLUMNS,
  eventParameters,
  eventTuples,
  insertDeliveries,
} from '../shared/insert-rows.js';
import type { EventRow } from '../../ports/rows.js';
import type { Sql, SqlTime } from '../../ports/sql.js';
import type { Tables } from '../../ports/tables.js';

const VALUES = `(${EVENT_INSERT_COLUMNS.join(', ')}) VALUES ${eventTuples(1)}`;

/**
 * One event with its deliveries, as most saves record it: the driver tells the row id without a row to be read. The
 * position; undefined where key or version are there.
 */
export async function appendOne(
  sql: Sql,
  t: Tables,
  row: EventRow,
  due: SqlTime,
): Promise<number | undefined> {
  const position = await sql.insert(
    `INSERT INTO ${t.event} ${VALUES} ON CONFLICT DO NOTHING`,
    eventParameters(row),
  );
  if (position === undefined) return undefined;
  await insertDeliveries(sql, t, deliveriesOf([row], [position]), due, 'ON CONFLICT DO NOTHING');
  return position;
}
