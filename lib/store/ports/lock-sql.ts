import type { Sql } from './sql.js';

/** PORT: who waits for whom. */
export interface LockSql {
  /** Appended to a SELECT that locks rows, passing over those that are locked; empty where writers are serial. */
  readonly skipLocked: string;
  /** Appended to a SELECT that locks rows and waits; empty where writers are serial. */
  readonly forUpdate: string;
  /** Appended to a SELECT that keeps rows from being changed, by several at a time, and waits; empty where writers are serial. */
  readonly forShare: string;
  /**
   * Runs `work` in one process at a time, in the transaction of `sql` where definitions are transactional. Processes that
   * start at once would both make the tables. The lock ends with its connection: a crash leaves none.
   */
  exclusively<T>(sql: Sql, name: string, work: () => Promise<T>): Promise<T>;
  /**
   * Runs `work` in the transaction of `sql` so that it is the one that loses a lock conflict, soon: a re-scan gives way
   * to a save of the application, which would fail by a deadlock otherwise.
   */
  yielding<T>(sql: Sql, work: () => Promise<T>): Promise<T>;
}
