import type { Appended, EventRow } from './rows.js';
import type { Row, Sql, SqlTime } from './sql.js';
import type { Tables } from './tables.js';

/** Events that may not have come since a decision was made: of one of the items. */
export interface Boundary {
  readonly items: readonly BoundaryItem[];
  /** Events up to this position do not count. */
  readonly settled: number;
  /** Neither do these, above it. */
  readonly seen: readonly number[];
}

export interface BoundaryItem {
  /** The event has all of these; there is one at least. */
  readonly tags: readonly string[];
  /** It is of one of these groups. Default: of any. */
  readonly groups?: readonly string[];
}

/** An event inside of a boundary. */
export interface Match {
  position: number;
  group: string;
  /** The item that it matches. */
  item: number;
}

/** Buckets of tags, each list rising. */
export interface BucketLocks {
  /** Nobody else may append under them until the transaction ends. */
  readonly own: readonly number[];
  /** This append is to take them as any append does. */
  readonly shared: readonly number[];
}

/** How long a try may wait for locks. */
export interface LockWait {
  /** Milliseconds until whoever decides gives up. */
  readonly left: number;
  /** Tries before this one. */
  readonly tries: number;
}

/**
 * PORT: decisions over tags. Every append locks the buckets of its tags *shared*, before its positions, until its transaction
 * ends: appends let each other through. A decision locks buckets for itself alone, looks whether what it was made of
 * is still all there is, and appends. No append may ever be the victim of a deadlock with a decision.
 */
export interface DecisionSql {
  /**
   * The events behind the position that match one of the items, as rows of `EVENT_COLUMNS` with `item`, the number of the item
   * from 0 on, in any order; one that matches several items is there for each.
   */
  read(sql: Sql, tables: Tables, items: readonly BoundaryItem[], after: number): Promise<Row[]>;
  /**
   * Locks the buckets in this transaction, which is at READ COMMITTED where there is a choice. With `wait`, in a transaction
   * that has done nothing before: fails with a `lock` or a `conflict` where others hold one for too long; the transaction is
   * rolled back then, and begun again. Without, in whatever transaction of the application: false at once where
   * somebody holds one; it never waits, since an append might wait for that transaction, and be the victim.
   */
  lock(sql: Sql, tables: Tables, locks: BucketLocks, wait?: LockWait): Promise<boolean>;
  /** What is inside of the boundary now, also above READ COMMITTED; else throws `DecisionIsolationError`. */
  look(sql: Sql, tables: Tables, boundary: Boundary): Promise<Match[]>;
  /**
   * Locks, looks and appends by one statement, which is a transaction of its own at READ COMMITTED: what was appended, or
   * else what is inside of the boundary. Undefined where that cannot be done with these rows. Default: it never can.
   */
  append?(
    sql: Sql,
    tables: Tables,
    rows: readonly EventRow[],
    due: SqlTime,
    locks: BucketLocks,
    boundary: Boundary,
    wait: LockWait,
  ): Promise<{ appended: Appended[] } | { found: Match[] } | undefined>;
  /**
   * Does work in a transaction of the application so that locks which it took are given back where it resolves to undefined or
   * rejects. Default: that cannot be done, and they are kept.
   */
  attempt?<T>(sql: Sql, work: () => Promise<T | undefined>): Promise<T | undefined>;
}
