import type {
  Boundary,
  BoundaryItem,
  BucketLocks,
  DecisionSql,
  LockWait,
  Match,
} from '../../ports/decision-sql.js';
import { DecisionIsolationError } from '../../ports/decision-errors.js';
import type { Sql, SqlPart } from '../../ports/sql.js';
import type { Tables } from '../../ports/tables.js';
import { answered, appendCall } from './append.js';
import { isLarge } from './append-large.js';
import { readByItem } from '../shared/read-by-item.js';
import { decideFunction } from './decision-functions.js';
import { taggedFunction } from './tagged-function.js';

/**
 * Milliseconds that a decision which has a lock waits for another, at most, before it lets go of all: far below the second after which the
 * server looks for deadlocks (`deadlock_timeout`), and would end an append that waits for this decision.
 */
const WAIT = 60;
/** Milliseconds for all locks of one try behind the first. */
const WAIT_FOR_ALL = 400;
/** Milliseconds for the first, doubled at each try: nobody waits for who has none, but appends wait behind him. */
const MOST_PATIENCE = 480;

const NO_LOCKS: BucketLocks = { own: [], shared: [] };

/** What `decide` answers, read from JSON. */
type Found = [position: number, group: string, nr: number][] | 'isolation' | 'locked' | null;

export const decisions: DecisionSql = {
  // A whole history may be long: that is worth a plan of its own.
  read: (sql, t, items, after) =>
    after === 0
      ? readByItem(sql, t, items, after)
      : sql.rows(`SELECT * FROM ${taggedFunction(t)}(?::json, ?)`, [itemsAsJson(items), after]),
  async lock(sql, t, locks, wait) {
    return (await decide(sql, t, locks, wait)) !== 'locked';
  },
  look: async (sql, t, boundary) => matches(await decide(sql, t, NO_LOCKS, undefined, boundary)),
  async append(sql, t, rows, due, locks, boundary, wait) {
    if (rows.length > 1 && isLarge(rows)) return undefined;
    const append = appendCall(t, rows, due);
    const look = decideCall(t, locks, wait, boundary);
    const row = await sql.row<{ answer: string | null; found: string | null }>(
      `SELECT CASE WHEN d.found IS NULL THEN ${append.sql} END AS answer, d.found FROM ${look.sql} AS d (found)`,
      [...append.parameters, ...look.parameters],
    );
    if (row!.found === null) return { appended: answered(rows, row!.answer) };
    return { found: matches(JSON.parse(row!.found) as Found) };
  },
  /** A savepoint gives advisory locks back, and what was set since. */
  async attempt(sql, work) {
    const before = await sql.row("SELECT current_setting('lock_timeout') AS wait");
    await sql.change('SAVEPOINT once_decide');
    try {
      // For what the append meets: somebody may wait for what this transaction holds.
      await sql.rows("SELECT set_config('lock_timeout', ?, true)", [`${WAIT}ms`]);
      const result = await work();
      if (result === undefined) await sql.change('ROLLBACK TO SAVEPOINT once_decide');
      else await sql.rows("SELECT set_config('lock_timeout', ?, true)", [before!.wait]);
      return result;
    } catch (error) {
      await sql.change('ROLLBACK TO SAVEPOINT once_decide');
      throw error;
    } finally {
      await sql.change('RELEASE SAVEPOINT once_decide');
    }
  },
};

/** The milliseconds for the first lock, and for each behind it; 0: none. */
function waits({ own, shared }: BucketLocks, wait: LockWait | undefined): [patience: number, wait: number] {
  if (!wait) return [0, 0];
  const most = Math.min(WAIT * 2 ** Math.min(wait.tries, 10), MOST_PATIENCE);
  const patience = Math.max(WAIT, Math.min(most, wait.left));
  return [patience, Math.min(WAIT, WAIT_FOR_ALL / (own.length + shared.length))].map((each) =>
    Math.max(1, Math.floor(each)),
  ) as [number, number];
}

async function decide(
  sql: Sql,
  t: Tables,
  locks: BucketLocks,
  wait?: LockWait,
  boundary?: Boundary,
): Promise<Found> {
  const { sql: call, parameters } = decideCall(t, locks, wait, boundary);
  const row = await sql.row<{ found: string | null }>(`SELECT ${call} AS found`, parameters);
  const found = row!.found === null ? null : (JSON.parse(row!.found) as Found);
  if (found === 'isolation') throw new DecisionIsolationError();
  return found;
}

function decideCall(t: Tables, locks: BucketLocks, wait?: LockWait, boundary?: Boundary): SqlPart {
  const isOwn = new Set(locks.own);
  const buckets = [...new Set([...locks.own, ...locks.shared])].sort((a, b) => a - b);
  return {
    sql: `${decideFunction(t)}(?::integer[], ?::boolean[], ?, ?, ?::json, ?, ?::bigint[])`,
    parameters: [
      buckets,
      buckets.map((bucket) => isOwn.has(bucket)),
      ...waits(locks, wait),
      boundary ? itemsAsJson(boundary.items) : null,
      boundary?.settled ?? 0,
      boundary && boundary.seen.length > 0 ? boundary.seen : null,
    ],
  };
}

function itemsAsJson(items: readonly BoundaryItem[]): string {
  return JSON.stringify(items.map(({ tags, groups }) => ({ tags, groups })));
}

function matches(found: Found): Match[] {
  if (found === 'isolation') throw new DecisionIsolationError();
  if (!Array.isArray(found)) return [];
  return found.map(([position, group, nr]) => ({ position, group, item: nr - 1 }));
}
