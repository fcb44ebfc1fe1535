import type { Database } from '../db/database.js';
import { DeliveryState } from '../ports/rows.js';
import type { Sql } from '../ports/sql.js';

/**
 * Moves one delivery to the finished ones as cancelled, if it still is as `where` says; locked first, so that a worker
 * cannot claim or complete it in between. `attempts` is the SQL of the attempts that it had.
 */
export async function finishCancelled(
  database: Database,
  sql: Sql,
  where: string,
  parameters: readonly unknown[],
  attempts = 'attempts',
): Promise<boolean> {
  const { tables, dialect } = database;
  const now = database.time();
  const held = await sql.rows(
    `SELECT position FROM ${tables.delivery} WHERE ${where} ${dialect.forUpdate}`,
    parameters,
  );
  if (held.length === 0) return false;
  await sql.change(
    `INSERT INTO ${tables.finished} (handler_id, position, state, attempts, finished_at)
     SELECT handler_id, position, ${DeliveryState.cancelled}, ${attempts}, ${now.sql} FROM ${tables.delivery} WHERE ${where}`,
    [...now.parameters, ...parameters],
  );
  await sql.change(`DELETE FROM ${tables.delivery} WHERE ${where}`, parameters);
  return true;
}
