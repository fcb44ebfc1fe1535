import type { Answer, Row } from '../../../ports/sql.js';
import { answerOf } from '../../shared/query-failed.js';
import type { BusyRetry } from './busy-retry.js';
import { CallSite } from './call-site.js';
import { SqliteTransactionEndedError } from './errors.js';
import type { Gate } from './gate.js';
import type { Hold } from './hold.js';
import type { SqliteConnection, SqliteRunner, SqliteStatement } from './sqlite-runner.js';
import { begins, beginImmediately, Execution, mayWait, rollsBack } from './statement.js';

/** The methods of a query runner that pass through the gate. */
export const GATED = [
  'query',
  'getStmt',
  'startTransaction',
  'commitTransaction',
  'rollbackTransaction',
  'release',
  'beforeMigration',
  'afterMigration',
  'clearDatabase',
  'loadPragmaRecords',
  Symbol.asyncDispose,
] as const;

/** A statement that has been admitted. */
interface Call {
  hold: Hold;
  parameters: readonly unknown[];
}

/** What a driver tells of a statement that gives no rows. */
interface Ran {
  changes: number;
  lastInsertRowid: number | bigint;
}

/** One of TypeORM's query runners, with the gate in front of it. */
export class GatedRunner {
  /** The hold inside of which this runner works, when it is not one that began a transaction itself. */
  private leaveHost: (() => void) | undefined;
  /** Depth at which this runner has no transaction or savepoint of its own. */
  private baseDepth = 0;
  private pinned: Hold | undefined;
  /** In `startTransaction`, which has noted who called. */
  private beginning = false;
  /** The one that TypeORM's `query` is about to ask a statement for. */
  private call: Call | undefined;

  constructor(
    private readonly runner: SqliteRunner,
    /** The runner's own methods. */
    private readonly base: SqliteRunner,
    private readonly gate: Gate,
    private readonly connection: () => SqliteConnection,
    private readonly busy: BusyRetry,
  ) {
    const { scope } = gate;
    if (scope && gate.transaction) this.join(scope);
  }

  async query(sql: string, parameters: unknown[] = [], structured = false): Promise<unknown> {
    const site = begins(sql) && !this.beginning ? CallSite.here() : undefined;
    const call = { hold: await this.gate.enter(this.runner, { site }), parameters };
    try {
      if (!this.hasLostTransaction()) return await this.execute(call, sql, structured);
      if (rollsBack(sql)) return undefined;
      throw new SqliteTransactionEndedError(sql);
    } finally {
      if (this.call === call) this.call = undefined;
      this.gate.leave(call.hold);
    }
  }

  /** As `query`, without TypeORM's: neither the logger nor a subscriber is told of the statement. */
  async send(sql: string, parameters: unknown[]): Promise<Answer> {
    const call = { hold: await this.gate.enter(this.runner), parameters };
    try {
      if (this.hasLostTransaction()) throw new SqliteTransactionEndedError(sql);
      const statement = await answerOf(sql, parameters, this.statement(sql, call));
      if (statement.reader) {
        const rows = statement.all();
        return { raw: rows, records: rows as Row[] };
      }
      const { changes, lastInsertRowid } = statement.run() as Ran;
      return { raw: lastInsertRowid, records: [], affected: changes };
    } finally {
      this.gate.leave(call.hold);
    }
  }

  /** What TypeORM's `query` asks for a statement: gives it one that has been executed. */
  getStmt(sql: string): Promise<SqliteStatement> {
    const { call } = this;
    this.call = undefined;
    return call ? this.statement(sql, call) : this.base.getStmt.call(this.runner, sql);
  }

  async startTransaction(...isolation: Parameters<SqliteRunner['startTransaction']>): Promise<void> {
    const hold = await this.gate.enter(this.runner, { transaction: true, site: CallSite.here() });
    try {
      // A runner from outside, used inside of another's transaction: that one cannot end before this one.
      if (this.runner.transactionDepth === 0 && this.gate.transaction) this.join(this.gate.transaction);
      if (hold.running === 1) hold.depth = this.runner.transactionDepth;
      this.beginning = true;
      await this.base.startTransaction.apply(this.runner, isolation);
    } catch (error) {
      // TypeORM takes one that could not begin for an active one, and the one around it for ended.
      this.runner.isTransactionActive = this.runner.transactionDepth > 0;
      throw error;
    } finally {
      this.beginning = false;
      this.gate.leave(hold);
    }
  }

  async commitTransaction(): Promise<void> {
    if (this.isGuest()) return;
    try {
      await this.base.commitTransaction.call(this.runner);
    } finally {
      this.gate.settle();
    }
  }

  async rollbackTransaction(): Promise<void> {
    if (this.isGuest()) return;
    try {
      await this.base.rollbackTransaction.call(this.runner);
    } finally {
      this.gate.settle();
    }
  }

  /** Rolls back what was left open, since nobody could end it afterwards. */
  async release(): Promise<void> {
    const open = this.gate.transactionOf(this.runner);
    if (open) this.abandon(open);
    this.leaveHost?.();
    this.reset();
    this.unpin(() => this.connection().pragma('foreign_keys = ON'));
    await this.base.release.call(this.runner);
  }

  /** As TypeORM's: commits what is open, savepoints and all; only not the transaction around it. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (!this.gate.transactionOf(this.runner)) return;
      this.runner.transactionDepth = this.baseDepth + 1;
      await this.runner.commitTransaction();
    } finally {
      await this.runner.release();
    }
  }

  /** Keeps the gate until `afterMigration`: foreign keys are off, and within a transaction could not be put off. */
  async beforeMigration(): Promise<void> {
    const hold = await this.gate.enter(this.runner, { site: CallSite.here() });
    hold.pinned = true;
    this.pinned = hold;
    this.gate.leave(hold);
    await this.base.beforeMigration.call(this.runner);
  }

  async afterMigration(): Promise<void> {
    await this.base.afterMigration.call(this.runner);
    this.unpin();
  }

  async clearDatabase(...database: Parameters<SqliteRunner['clearDatabase']>): Promise<void> {
    return this.turn(() => this.base.clearDatabase.apply(this.runner, database));
  }

  async loadPragmaRecords(table: string, pragma: string): Promise<unknown> {
    return this.turn(() => this.base.loadPragmaRecords.call(this.runner, table, pragma));
  }

  private async turn<T>(work: () => Promise<T>): Promise<T> {
    const hold = await this.gate.enter(this.runner, { site: CallSite.here() });
    try {
      return await work();
    } finally {
      this.gate.leave(hold);
    }
  }

  /** TypeORM's own `query`, which logs and tells subscribers once, however often the statement is tried. */
  private execute(call: Call, sql: string, structured: boolean): Promise<unknown> {
    const text = this.runner.driver.options.readonly ? sql : beginImmediately(sql);
    const runner = this.call ? this.besides(call) : this.runner;
    if (runner === this.runner) this.call = call;
    return this.base.query.call(runner, text, call.parameters as unknown[], structured);
  }

  /**
   * For a statement sent while `query` of another has not asked for its own yet. Not for all: an object that becomes a
   * prototype makes whatever reads it slow.
   */
  private besides(call: Call): SqliteRunner {
    const getStmt = (text: string) => this.statement(text, call);
    return Object.create(this.runner, { getStmt: { value: getStmt } }) as SqliteRunner;
  }

  private async statement(sql: string, { hold, parameters }: Call): Promise<SqliteStatement> {
    // As TypeORM does: the drivers cannot bind booleans.
    const bound = parameters.map((value) => (typeof value === 'boolean' ? Number(value) : value));
    const limit = mayWait(sql, this.gate.inTransaction) ? this.busy.limit : 0;
    const execution = new Execution(sql, bound, this.connection(), this.runner, (text) =>
      this.base.getStmt.call(this.runner, text),
    );
    try {
      const executed = execution.run({ limit, random: this.busy.random });
      return executed instanceof Promise ? await executed : executed;
    } finally {
      this.gate.executed(hold);
    }
  }

  /** Whether the transaction or savepoint that this runner believes to be in is gone. */
  private hasLostTransaction(): boolean {
    return this.runner.transactionDepth > this.baseDepth && !this.gate.transactionOf(this.runner);
  }

  /** From now on transactions of this runner are savepoints inside of `host`. */
  private join(host: Hold): void {
    this.baseDepth = Math.max(1, host.occupant.transactionDepth);
    this.runner.transactionDepth = this.baseDepth;
    this.runner.isTransactionActive = true;
    this.leaveHost = host.onEnd(() => this.detach());
  }

  /** Whether the only transaction that this runner is in is another's, which is not its to end. */
  private isGuest(): boolean {
    return this.leaveHost !== undefined && this.runner.transactionDepth <= this.baseDepth;
  }

  /** The host has ended; a savepoint of this runner that was open has been lost with it. */
  private detach(): void {
    if (this.hasLostTransaction()) this.baseDepth = 0;
    else this.reset();
  }

  private reset(): void {
    this.leaveHost = undefined;
    this.baseDepth = 0;
    this.runner.transactionDepth = 0;
    this.runner.isTransactionActive = false;
  }

  private abandon(open: Hold): void {
    const savepoint = `SAVEPOINT typeorm_${this.baseDepth}`;
    const isWhole = open === this.gate.transaction;
    if (this.connection().open)
      this.connection().exec(isWhole ? 'ROLLBACK' : `ROLLBACK TO ${savepoint}; RELEASE ${savepoint}`);
    this.gate.evict(open);
    const where = open.site ? ` It was begun at:\n${open.site.toString()}` : '';
    this.runner.dataSource.logger.log(
      'warn',
      `A query runner was released with an open transaction: rolled back.${where}`,
    );
  }

  private unpin(cleanUp?: () => void): void {
    if (!this.pinned) return;
    cleanUp?.();
    this.pinned.pinned = false;
    this.pinned = undefined;
    this.gate.settle();
  }
}
