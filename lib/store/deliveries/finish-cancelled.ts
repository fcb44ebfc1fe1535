import type { Database } from '../db/database.js';
import { DeliveryState } from '../ports/rows.js';
import type { Sql } from '../ports/sql.js';

/**
 * Moves deliveries of one handler to the finished ones as cancelled. They are locked by now, so that no worker claims or
 * completes them in between. `attempts` is the SQL of the attempts that they had.
 */
export async function finishCancelled(
  database: Database,
  sql: Sql,
  handlerId: number,
  positions: readonly number[],
  attempts = 'attempts',
): Promise<void> {
  if (positions.length === 0) return;
  const { tables, dialect } = database;
  const now = database.time();
  const these = dialect.syntax.oneOf(positions);
  const where = `handler_id = ? AND position ${these.sql}`;
  const parameters = [handlerId, ...these.parameters];
  await sql.change(
    `INSERT INTO ${tables.finished} (handler_id, position, state, attempts, finished_at)
     SELECT handler_id, position, ${DeliveryState.cancelled}, ${attempts}, ${now.sql} FROM ${tables.delivery} WHERE ${where}`,
    [...now.parameters, ...parameters],
  );
  await sql.change(`DELETE FROM ${tables.delivery} WHERE ${where}`, parameters);
}
