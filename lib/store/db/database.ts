import type { DataSource, QueryRunner } from 'typeorm';
import { settledWithin } from '../../runtime/deadline.js';
import type { Clock } from '../../core/clock.js';
import { systemClock } from '../../core/clock.js';
import type { Dialect, FailureKind, SqlTime } from '../ports/dialect.js';
import { dialectOf } from './dialects.js';
import { OpenTransactionError } from '../ports/errors.js';
import { PoolGuard } from './pool.js';
import { Sql } from '../ports/sql.js';
import { type TableNaming, type Tables, tablesOf } from '../ports/tables.js';

/** Milliseconds after which a rollback is given up for closing the connection. */
const ROLLBACK_LIMIT = 2000;

const CONFLICT_RETRIES = 5;

/** The application's database as the store uses it: connections, transactions, table names, the time. */
export class Database {
  readonly dialect: Dialect;
  readonly tables: Tables;
  readonly pool: PoolGuard;
  /** To be asked for, where transactions do not have it by themselves. */
  private isolation: Dialect['isolation'];

  constructor(
    readonly dataSource: DataSource,
    readonly naming: TableNaming,
    readonly clock: Clock = systemClock,
  ) {
    this.dialect = dialectOf(dataSource);
    this.tables = tablesOf(naming, this.dialect.quote);
    this.isolation = this.dialect.isolation;
    this.pool = new PoolGuard(dataSource, this.dialect.singleConnection);
  }

  /** Finds out whether the isolation level has to be asked for at each transaction. */
  async readIsolation(): Promise<void> {
    const { isolation, isolationQuery } = this.dialect;
    if (isolationQuery === undefined) return;
    const row = await this.run((sql) => sql.row(isolationQuery));
    this.isolation = row?.isolation === isolation ? undefined : isolation;
  }

  /** Statements on a connection that someone else holds. */
  on(runner: QueryRunner): Sql {
    return new Sql(runner, this.dialect.prepare, this.dialect.ask);
  }

  /** A connection of the primary, the caller's to release. Throws `SecondConnectionError` where it would be waited for in vain. */
  connection(): QueryRunner {
    this.pool.assertFree();
    return this.dataSource.createQueryRunner('master');
  }

  /** Statements on one connection of the primary, each for itself. */
  async run<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    const runner = this.connection();
    try {
      return await work(this.on(runner));
    } finally {
      await runner.release();
    }
  }

  /**
   * Statements in one transaction of their own, READ COMMITTED where there is a choice; run again when the database
   * chose it as the victim of a deadlock.
   */
  async transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.retrying(() => this.transactionOnce(work));
  }

  /** Runs a whole transaction, again when the database chose it as the victim of a deadlock. */
  async retrying<T>(transaction: () => Promise<T>): Promise<T> {
    for (let conflicts = 0; ; conflicts++) {
      try {
        return await transaction();
      } catch (error) {
        if (conflicts >= CONFLICT_RETRIES || !this.isConflict(error)) throw error;
      }
    }
  }

  /** Whether the database chose the transaction as the victim. */
  isConflict(error: unknown): boolean {
    return this.failure(error) === 'conflict';
  }

  /** What it failed with; of whatever a handler threw, too. Never throws. */
  failure(error: unknown): FailureKind {
    try {
      return this.dialect.failure(error);
    } catch {
      return 'other';
    }
  }

  /**
   * Statements in one transaction of their own, for work that must not be run again. `failed` is told before the rollback,
   * also when the COMMIT failed.
   */
  async transactionOnce<T>(
    work: (sql: Sql) => Promise<T>,
    failed?: (runner: QueryRunner, error: unknown) => void,
  ): Promise<T> {
    const runner = this.connection();
    try {
      return await this.transactionOn(runner, work, failed);
    } finally {
      await runner.release();
    }
  }

  /**
   * Statements in one transaction of their own, on a connection that someone else holds and on which none is active. On
   * SQLite, where runners join another's transaction, in a savepoint of that.
   */
  async transactionOn<T>(
    runner: QueryRunner,
    work: (sql: Sql) => Promise<T>,
    failed?: (runner: QueryRunner, error: unknown) => void,
  ): Promise<T> {
    const outside = this.depthOf(runner);
    try {
      await runner.startTransaction(outside > 0 ? undefined : this.isolation);
      const result = await work(this.on(runner));
      await runner.commitTransaction();
      // That was the end of a savepoint, then: the transaction itself is open still.
      if (this.depthOf(runner) > outside) throw new OpenTransactionError();
      return result;
    } catch (error) {
      failed?.(runner, error);
      await this.rollBack(runner, outside);
      throw error;
    }
  }

  /** How many transactions are open on the runner, one inside of the other; 1 for any number where that cannot be known. */
  private depthOf(runner: QueryRunner): number {
    return this.dialect.depthOf?.(runner) ?? (runner.isTransactionActive ? 1 : 0);
  }

  /**
   * Rolls back the transaction, and savepoints that work left open. The error that caused the rollback is the one to
   * report, so a failed rollback says nothing. It takes the connection down with it, and so does one that waits behind a
   * statement which does not end: nobody else may get a connection with a transaction open on it.
   */
  private async rollBack(runner: QueryRunner, outside: number): Promise<void> {
    const unwound = this.unwind(runner, outside).then(
      () => true,
      () => this.depthOf(runner) <= outside,
    );
    const isUnwound = (await settledWithin(unwound, ROLLBACK_LIMIT)) && (await unwound);
    if (!isUnwound) await this.dialect.abandon?.(runner);
  }

  private async unwind(runner: QueryRunner, outside: number): Promise<void> {
    while (this.depthOf(runner) > outside) await runner.rollbackTransaction();
  }

  /** `transaction`, or `run` where the dialect needs one statement only. */
  async atomically<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.dialect.singleStatements ? this.run(work) : this.transaction(work);
  }

  /**
   * The time against which due times are compared, `later` milliseconds from now: the database's clock, so that hosts
   * whose clocks differ agree; the application's own clock where one was given, so that a test moves retries too.
   */
  time(later = 0): SqlTime {
    if (this.clock !== systemClock)
      return { sql: '?', parameters: [this.clock.now().getTime() + Math.round(later)] };
    return later === 0
      ? { sql: this.dialect.now, parameters: [] }
      : { sql: `(${this.dialect.now} + ?)`, parameters: [Math.round(later)] };
  }
}
