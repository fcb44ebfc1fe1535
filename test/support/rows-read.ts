import type { Sql } from '../../lib/store/ports/sql.js';

/**
 * How many rows of a table the work has read, by whatever plan; on PostgreSQL. A session's counters also hold what it did
 * before, in other transactions too, until it hands that on, and when it does depends on the version: what counts is the
 * difference. A session hands nothing on while a transaction is open, so `sql` has to be in one.
 */
export async function rowsRead(sql: Sql, table: string, work: () => Promise<unknown>): Promise<number> {
  const before = await counted(sql, table);
  await work();
  return (await counted(sql, table)) - before;
}

async function counted(sql: Sql, table: string): Promise<number> {
  const row = await sql.row(
    `SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) AS count
     FROM pg_stat_xact_user_tables WHERE relid = to_regclass(?)`,
    [table],
  );
  return Number(row!.count);
}
