import { type BusyRetry, retryWhileBusy } from './busy-retry.js';
import type { SqliteConnection, SqliteRunner, SqliteStatement } from './sqlite-runner.js';

const BEGIN = /^\s*(BEGIN|SAVEPOINT)\b/i;
const COMMIT = /^\s*(COMMIT|END)\b/i;
const ROLLBACK = /^\s*ROLLBACK\b/i;

/** What TypeORM begins a transaction with, and what it becomes. */
const DEFERRED = 'BEGIN TRANSACTION';
const IMMEDIATE = 'BEGIN IMMEDIATE TRANSACTION';

export const begins = (sql: string): boolean => BEGIN.test(sql);
export const rollsBack = (sql: string): boolean => ROLLBACK.test(sql);

/**
 * A transaction takes the write lock when it begins: one that reads first could neither write nor wait when another
 * process wrote in between.
 */
export function beginImmediately(sql: string): string {
  return sql === DEFERRED ? IMMEDIATE : sql;
}

/**
 * Whether waiting for another process's lock can help. Within a transaction it cannot, except to commit: the other
 * process may be waiting for a lock that this very transaction has.
 */
export function mayWait(sql: string, inTransaction: boolean): boolean {
  return !inTransaction || COMMIT.test(sql);
}

/** Executes a statement, again as long as the database is locked; gives back one that has its result. */
export class Execution {
  private statement: SqliteStatement | undefined;

  constructor(
    private readonly sql: string,
    private readonly parameters: readonly unknown[],
    private readonly connection: SqliteConnection,
    private readonly runner: SqliteRunner,
    /** The runner's own `getStmt`. */
    private readonly prepare: (sql: string) => Promise<SqliteStatement>,
  ) {}

  /** At once where the statement is prepared and the database is not locked. */
  run(busy: BusyRetry): SqliteStatement | Promise<SqliteStatement> {
    const executed = retryWhileBusy(() => this.attempt(), busy);
    return executed instanceof Promise ? executed.catch((error: unknown) => this.giveUp(error)) : executed;
  }

  private attempt(): SqliteStatement | Promise<SqliteStatement> {
    // Finishes its statement also when the database is locked, unlike a prepared one of libsql.
    if (this.sql === IMMEDIATE) return withResult(false, this.connection.exec(this.sql) ?? {});
    // The same one in each attempt, for the same reason.
    this.statement ??= this.runner.stmtCache.get(this.sql);
    if (this.statement) return this.executed(this.statement);
    return this.prepare(this.sql).then((statement) => this.executed((this.statement = statement)));
  }

  private executed(statement: SqliteStatement): SqliteStatement {
    const { reader } = statement;
    // As one array: libsql takes a single parameter that is null for an object of named ones, and throws.
    return withResult(reader, reader ? statement.all(this.parameters) : statement.run(this.parameters));
  }

  /** With libsql, one that found the database locked keeps all commits from succeeding until it is executed or collected. */
  private giveUp(error: unknown): never {
    this.runner.stmtCache.delete(this.sql);
    throw error;
  }
}

function withResult(reader: boolean, result: unknown): SqliteStatement {
  return { reader, all: () => result, run: () => result };
}
