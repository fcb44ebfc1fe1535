import type { Database } from '../db/database.js';
import { positionsByHandler } from '../ports/delivery-ids.js';
import { DeliveryState } from '../ports/rows.js';
import { marks, type Row, type Sql } from '../ports/sql.js';

/** What one batch came to. */
export interface PrunedBatch {
  pruned: number;
  /** Nothing is left for now. */
  done: boolean;
}

/** Prunes a batch each time that it is called, until one is `done`. */
export type Pruning = () => Promise<PrunedBatch>;

/** What may go: deliveries of one state that came to it before a time. */
interface Old {
  table: string;
  state: number;
  /** The column that holds the time. */
  since: 'finished_at' | 'failed_at';
  before: number;
}

/** Deletes finished deliveries of this state that were finished before this time, the oldest first. */
export function pruneFinished(
  database: Database,
  state: 'succeeded' | 'cancelled',
  before: number,
  batchSize: number,
): Pruning {
  const table = database.tables.finished;
  const old: Old = { table, state: DeliveryState[state], since: 'finished_at', before };
  // Each batch starts where the last one ended: what was deleted may stay in the index for a while.
  let from = Number.MIN_SAFE_INTEGER;
  return async () => {
    const statement = `SELECT handler_id, position, finished_at FROM ${table}
      WHERE state = ? AND finished_at >= ? AND finished_at < ? ORDER BY finished_at LIMIT ?`;
    const parameters = [old.state, from, before, batchSize];
    const rows = await database.run((sql) => sql.rows(statement, parameters));
    from = Number(rows.at(-1)?.finished_at ?? from);
    return batchOf(rows, batchSize, await remove(database, rows, old));
  };
}

/** Deletes deliveries of this handler that died before this time. */
export function pruneDead(database: Database, handlerId: number, before: number, batchSize: number): Pruning {
  const table = database.tables.delivery;
  const old: Old = { table, state: DeliveryState.dead, since: 'failed_at', before };
  return async () => {
    // The state is no parameter, so that the partial index on dead deliveries fits.
    const statement = `SELECT handler_id, position FROM ${table}
      WHERE handler_id = ? AND state = ${DeliveryState.dead} AND failed_at < ? LIMIT ?`;
    const rows = await database.run((sql) => sql.rows(statement, [handlerId, before, batchSize]));
    return batchOf(rows, batchSize, await remove(database, rows, old));
  };
}

/** Rows that somebody has locked are left for another time. */
function batchOf(rows: readonly Row[], batchSize: number, pruned: number): PrunedBatch {
  return { pruned, done: rows.length < batchSize || pruned === 0 };
}

/** Rows that were found without a lock are locked by their keys, so that no other row is touched, and looked at again. */
async function remove(database: Database, rows: readonly Row[], old: Old): Promise<number> {
  if (rows.length === 0) return 0;
  const ids = rows.map((row) => ({ handlerId: Number(row.handler_id), position: Number(row.position) }));
  return database.transaction(async (sql) => {
    let removed = 0;
    for (const [handlerId, positions] of positionsByHandler(ids))
      removed += await removeOf(sql, database, handlerId, positions, old);
    return removed;
  });
}

async function removeOf(
  sql: Sql,
  { dialect }: Database,
  handlerId: number,
  positions: readonly number[],
  { table, state, since, before }: Old,
): Promise<number> {
  // By its key alone: with the state and the time beside it, databases take the index on those and read all that is old.
  const locked = await sql.rows(
    `SELECT position, state, ${since} FROM ${table}
     WHERE handler_id = ? AND position IN (${marks(positions.length)}) ${dialect.locks.skipLocked}`,
    [handlerId, ...positions],
  );
  const old = locked
    .filter((row) => Number(row.state) === state && Number(row[since]) < before)
    .map((row) => Number(row.position));
  if (old.length === 0) return 0;
  return sql.change(`DELETE FROM ${table} WHERE handler_id = ? AND position IN (${marks(old.length)})`, [
    handlerId,
    ...old,
  ]);
}
