import type { QueryRunner } from 'typeorm';

/**
 * What a database failed with, as far as the engine reacts to it: `conflict`, it chose this transaction as the victim, to
 * be run again; `lock`, somebody else holds a row; `duplicate`, a unique key is there; `text`, it cannot hold a text;
 * `missingTable`, a table is not there; `readOnly`, this session takes no writes, as one that is left from before a
 * failover, and another one may.
 */
export type FailureKind = 'conflict' | 'lock' | 'duplicate' | 'text' | 'missingTable' | 'readOnly' | 'other';

/** PORT: transactions as they begin, nest and fail. */
export interface Transactions {
  /** The isolation level of the engine's own transactions. Default: the only one there is. */
  readonly isolation?: 'READ COMMITTED';
  /** Reads, as `isolation`, what transactions have without asking for a level: asking costs a round trip. Default: it is asked for. */
  readonly isolationQuery?: string;
  /** By codes, not by messages. */
  failure(error: unknown): FailureKind;
  /** How many transactions and savepoints are open on the runner, where runners are the library's own. Default: counted. */
  depthOf?(runner: QueryRunner): number;
  /**
   * The runner whose commit decides on what this one does, where runners can join another's transaction. Who waited for
   * the commit of a runner that joined would tell of events that are rolled back yet. Default: the runner itself.
   */
  outermostRunner?(runner: QueryRunner): QueryRunner;
  /**
   * Calls `work` inside of the transaction that is open on the runner: what it calls without the runner's manager joins that
   * transaction, where all runners share one connection. It would wait for the end of a transaction that waits for it.
   * Default: it is called, and what it calls has connections of its own.
   */
  inside?<T>(runner: QueryRunner, work: () => T): T;
}
