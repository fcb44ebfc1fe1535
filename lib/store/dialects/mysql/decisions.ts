import { lookByItem } from '../shared/look-by-item.js';
import { readByItem } from '../shared/read-by-item.js';
import type { DecisionSql } from '../../ports/decision-sql.js';
import { marks, type Sql } from '../../ports/sql.js';
import type { Tables } from '../../ports/tables.js';
import { buckets } from './statements.js';

/**
 * In this order, by these indexes: a locking read locks what it passes over. It sees what was committed last, whatever the
 * transaction sees.
 */
const LOCKING = {
  select: 'SELECT STRAIGHT_JOIN',
  join: 'STRAIGHT_JOIN',
  hint: 'FORCE INDEX (PRIMARY)',
  end: 'LOCK IN SHARE MODE',
};

/**
 * Rows of buckets, locked in their order. A deadlock with an append takes the transaction that has changed least: the decision's,
 * which has changed nothing yet. Shared buckets are left to the append.
 */
export const decisions: DecisionSql = {
  read: readByItem,
  async lock(sql, t, { own }, wait) {
    if (own.length === 0) return true;
    if ((await locked(sql, t, own, 'FOR UPDATE SKIP LOCKED')) === own.length) return true;
    if (!wait) return false;
    await waiting(sql, wait.left, () => locked(sql, t, own, 'FOR UPDATE'));
    return true;
  },
  look: (sql, t, boundary) => lookByItem(sql, t, boundary, LOCKING),
};

async function locked(sql: Sql, t: Tables, own: readonly number[], end: string): Promise<number> {
  const rows = await sql.rows(
    `SELECT id FROM ${buckets(t)} WHERE id IN (${marks(own.length)}) ORDER BY id ${end}`,
    own,
  );
  return rows.length;
}

/** In whole seconds, the shortest that there is; of the session, so what the application has set there is put back. */
async function waiting(sql: Sql, limit: number, work: () => Promise<unknown>): Promise<void> {
  await sql.rows(
    'SET @once_wait = @@SESSION.innodb_lock_wait_timeout, SESSION innodb_lock_wait_timeout = ?',
    [Math.max(1, Math.ceil(limit / 1000))],
  );
  try {
    await work();
  } finally {
    await sql.rows('SET SESSION innodb_lock_wait_timeout = @once_wait');
  }
}
