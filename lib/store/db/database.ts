import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { NoAnswerError, settledWithin, within } from '../../runtime/deadline.js';
import type { Clock } from '../../core/clock.js';
import { systemClock } from '../../core/clock.js';
import type { Dialect } from '../ports/dialect.js';
import type { FailureKind, Transactions } from '../ports/transactions.js';
import { dialectOf } from './dialects.js';
import { EventSourcingError } from '../../core/errors.js';
import { OpenTransactionError, SessionEndedError } from '../ports/errors.js';
import { PoolGuard } from './pool.js';
import { Sql, type SqlTime } from '../ports/sql.js';
import { type TableNaming, type Tables, tablesOf } from '../ports/tables.js';

/** Milliseconds after which a rollback is given up for closing the connection. */
const ROLLBACK_LIMIT = 2000;

const CONFLICT_RETRIES = 5;

/** The application's database as the store uses it: connections, transactions, table names, the time. */
export class Database {
  readonly dialect: Dialect;
  readonly naming: TableNaming;
  readonly tables: Tables;
  readonly pool: PoolGuard;
  /** To be asked for, where transactions do not have it by themselves. */
  private isolation: Transactions['isolation'];
  /** Milliseconds in which each answer has to come, and in which the pool has to have a connection. */
  private readonly limit: number = Infinity;
  private readonly poolLimit: number = Infinity;
  /** Its statements stay out of the application's query log, but for those in transactions. */
  readonly unlogged: boolean = false;

  constructor(
    readonly dataSource: DataSource,
    naming: TableNaming,
    readonly clock: Clock = systemClock,
  ) {
    this.dialect = dialectOf(dataSource);
    // Where TypeORM looks for tables that it is told no schema of, its own and the entities' of the log.
    const { schema } = dataSource.options as { schema?: string };
    this.naming = { ...naming, schemaName: naming.schemaName ?? schema };
    this.tables = tablesOf(this.naming, this.dialect.syntax.quote);
    this.isolation = this.dialect.transactions.isolation;
    this.pool = new PoolGuard(dataSource, this.dialect.can.pool);
  }

  /**
   * The same database for parts that go on for as long as the process does. A statement that has no answer after so many
   * milliseconds fails with `NoAnswerError`, and its connection is ended: one that a network has forgotten says nothing for
   * many minutes. Not for what an application waits for, which may wait for a lock of its own for longer. A database that
   * lives in this process always answers.
   */
  answeringWithin(limit: number, poolLimit = limit): Database {
    if (!this.dialect.can.pool) return this;
    return Object.create(this, { limit: { value: limit }, poolLimit: { value: poolLimit } }) as Database;
  }

  /**
   * The same database for what a process does by itself: a look each second would drown the query log of an application. The
   * statements of transactions are logged, since TypeORM logs their beginning and end.
   */
  outOfQueryLog(): Database {
    return Object.create(this, { unlogged: { value: true } }) as Database;
  }

  /** Finds out whether the isolation level has to be asked for at each transaction. */
  async readIsolation(): Promise<void> {
    const { isolation, isolationQuery } = this.dialect.transactions;
    if (isolationQuery === undefined) return;
    const row = await this.run((sql) => sql.row(isolationQuery));
    // TypeORM asks for the level of the DataSource where it is given none.
    const own = this.dataSource.options.isolationLevel ?? isolation;
    this.isolation = row?.isolation === isolation && own === isolation ? undefined : isolation;
  }

  /** A statement alone is a transaction at READ COMMITTED: nobody has to ask for that. */
  get isReadCommitted(): boolean {
    return this.isolation === undefined;
  }

  /** Statements on a connection that someone else holds. */
  on(runner: QueryRunner, unlogged = false): Sql {
    const { syntax, driver } = this.dialect;
    return new Sql(runner, {
      prepare: syntax.prepare,
      send: driver.send,
      answered: (answer) => this.answered(runner, answer),
      unlogged,
    });
  }

  private async answered<T>(runner: QueryRunner, answer: Promise<T>): Promise<T> {
    if (this.limit === Infinity) return answer;
    try {
      return await within(this.limit, answer);
    } catch (error) {
      if (error instanceof NoAnswerError) await this.dialect.driver.abandon?.(runner);
      throw error;
    }
  }

  /** A connection of the primary, the caller's to release. Rejects with `SecondConnectionError` where it would be waited for in vain. */
  async connection(): Promise<QueryRunner> {
    this.pool.assertFree();
    const runner = this.dataSource.createQueryRunner('master');
    if (!this.dialect.can.pool) return runner;
    const connecting = this.pool.watched(runner.connect());
    try {
      await (this.poolLimit === Infinity ? connecting : within(this.poolLimit, connecting));
    } catch (error) {
      // It may get one yet.
      if (error instanceof NoAnswerError) connecting.then(() => runner.release()).catch(() => undefined);
      throw error;
    }
    return runner;
  }

  /** Statements on one connection of the primary, each for itself. */
  async run<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    const runner = await this.connection();
    try {
      return await this.using(runner, work);
    } finally {
      await runner.release();
    }
  }

  /** Queries of entities on one connection of the primary; all of them are one answer. */
  async entities<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    const runner = await this.connection();
    try {
      return await this.answered(runner, work(runner.manager));
    } finally {
      await runner.release();
    }
  }

  /** Statements on a connection of the library's own, each for itself. */
  async using<T>(runner: QueryRunner, work: (sql: Sql) => Promise<T>): Promise<T> {
    try {
      return await work(this.on(runner, this.unlogged));
    } catch (error) {
      await this.giveUpReadOnly(runner, error);
      throw error;
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
      return this.dialect.transactions.failure(error);
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
    const runner = await this.connection();
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
      await this.answered(runner, runner.startTransaction(outside > 0 ? undefined : this.isolation));
      const result = await work(this.on(runner));
      await this.answered(runner, runner.commitTransaction());
      // That was the end of a savepoint, then: the transaction itself is open still.
      if (this.depthOf(runner) > outside) throw new OpenTransactionError();
      return result;
    } catch (error) {
      failed?.(runner, error);
      await this.rollBack(runner, outside);
      await this.giveUpReadOnly(runner, error);
      throw await this.explained(runner, error);
    }
  }

  /**
   * The runner of the transaction that the caller is inside of, without a manager of it: where the DataSource's own manager is
   * in one, and on SQLite, where runners join.
   */
  joined(): QueryRunner | undefined {
    const { queryRunner } = this.dataSource.manager;
    if (queryRunner?.isTransactionActive) return queryRunner;
    return this.dialect.can.pool
      ? undefined
      : this.transactionOf(this.dataSource.createQueryRunner('master'));
  }

  /** The runner whose commit decides on what is done on this one; undefined where no transaction is open. */
  transactionOf(runner: QueryRunner): QueryRunner | undefined {
    if (this.depthOf(runner) === 0) return undefined;
    return this.dialect.transactions.outermostRunner?.(runner) ?? runner;
  }

  /**
   * Calls what the application does in a transaction of the library's. What it calls without the runner's manager has a
   * connection of its own, and is refused it where there is no other (`SecondConnectionError`); on SQLite it joins the transaction.
   */
  whileHolding<T>(runner: QueryRunner, work: () => T): T {
    const { transactions } = this.dialect;
    return this.pool.whileHolding(() => (transactions.inside ? transactions.inside(runner, work) : work()));
  }

  /** What somebody threw on purpose says more than the end of the session, as does an answer that was waited for in vain. */
  private async explained(runner: QueryRunner, error: unknown): Promise<unknown> {
    if (error instanceof EventSourcingError || error instanceof NoAnswerError) return error;
    const reason = await this.dialect.driver.endedBy?.(runner);
    return reason ? new SessionEndedError(reason, error) : error;
  }

  /** Ends a connection whose session takes no writes: in the pool it would be handed out again and again. */
  private async giveUpReadOnly(runner: QueryRunner, error: unknown): Promise<void> {
    if (this.failure(error) === 'readOnly') await this.dialect.driver.abandon?.(runner);
  }

  /** How many transactions are open on the runner, one inside of the other; 1 for any number where that cannot be known. */
  private depthOf(runner: QueryRunner): number {
    return this.dialect.transactions.depthOf?.(runner) ?? (runner.isTransactionActive ? 1 : 0);
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
    if (!isUnwound) await this.dialect.driver.abandon?.(runner);
  }

  private async unwind(runner: QueryRunner, outside: number): Promise<void> {
    while (this.depthOf(runner) > outside) await runner.rollbackTransaction();
  }

  /** `transaction`, or `run` where the dialect needs one statement only. */
  async atomically<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.dialect.can.singleStatements ? this.run(work) : this.transaction(work);
  }

  /**
   * The time against which due times are compared, `later` milliseconds from now: the database's clock, so that hosts
   * whose clocks differ agree; the application's own clock where one was given, so that a test moves retries too.
   */
  time(later = 0): SqlTime {
    if (this.clock !== systemClock)
      return { sql: '?', parameters: [this.clock.now().getTime() + Math.round(later)] };
    return later === 0
      ? { sql: this.dialect.syntax.now, parameters: [] }
      : { sql: `(${this.dialect.syntax.now} + ?)`, parameters: [Math.round(later)] };
  }
}
