import { marks, type Sql } from '../../ports/sql.js';
import type { Tables } from '../../ports/tables.js';
import { buckets, epochLock } from './statements.js';

/**
 * Enters the epoch, which tells the horizon that positions of this transaction may still be undecided, behind the locks of these
 * buckets of tags: the locks last as long as the transaction. Returns the step between the numbers of one statement.
 */
export async function enterEpoch(sql: Sql, t: Tables, tagged: readonly number[] = []): Promise<number> {
  if (tagged.length > 0) {
    await sql.rows(
      `SELECT count(*) AS locked FROM ${buckets(t)} WHERE id IN (${marks(tagged.length)}) LOCK IN SHARE MODE`,
      tagged,
    );
  }
  const row = await sql.row(`SELECT id, @@auto_increment_increment AS step ${epochLock(t)}`);
  return Number(row!.step);
}

/** Positions of one statement: a packet takes them all. */
const MOST = 5000;

/**
 * Rising numbers that nobody else gets: a sequence made of a table, since MySQL has no sequences. Those of one statement
 * follow each other. Nobody takes a lock beside the rows, which are gone at the end of the transaction, so nobody waits.
 * A rollback to a savepoint would take them away too, but MySQL then locks the end of the table until the transaction
 * ends (at REPEATABLE READ), for everybody.
 */
export async function takePositions(sql: Sql, t: Tables, count: number, step: number): Promise<number[]> {
  const positions: number[] = [];
  for (let left = count; left > 0; left -= MOST)
    positions.push(...(await takeAtOnce(sql, t, Math.min(left, MOST), step)));
  return positions;
}

async function takeAtOnce(sql: Sql, t: Tables, count: number, step: number): Promise<number[]> {
  const rows = Array.from({ length: count }, () => '()').join(', ');
  const first = await sql.insert(`INSERT INTO ${t.name('position')} () VALUES ${rows}`, []);
  const positions = Array.from({ length: count }, (_, index) => first! + index * step);
  await remove(sql, t, positions);
  return positions;
}

/**
 * Lifts the sequence above the log, behind which it may be after a restore or a failover, since backups and replicas may
 * take its table for empty. A number given explicitly raises the counter for good. `lock` ends the SELECT.
 */
export async function raisePositions(sql: Sql, t: Tables, lock = ''): Promise<void> {
  const row = await sql.row(`SELECT max(position) AS top FROM ${t.event} ${lock}`);
  if (row!.top === null) return;
  const top = Number(row!.top);
  await sql.change(`INSERT INTO ${t.name('position')} (id) VALUES (?) ON DUPLICATE KEY UPDATE id = id`, [
    top,
  ]);
  await remove(sql, t, [top]);
}

/** Looks each row up: a list, or a range, would be read with its neighbours, which others hold, where the table is small. */
async function remove(sql: Sql, t: Tables, positions: readonly number[]): Promise<void> {
  await sql.change(
    `DELETE p FROM JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$')) taken
     STRAIGHT_JOIN ${t.name('position')} p FORCE INDEX (PRIMARY) ON p.id = taken.id`,
    [JSON.stringify(positions)],
  );
}
