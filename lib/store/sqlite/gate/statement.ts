import { type BusyRetry, retryWhileBusy } from './busy-retry.js';
import type { SqliteRunner, SqliteStatement } from './sqlite-runner.js';

const BEGIN = /^\s*BEGIN(\s+DEFERRED)?(\s+TRANSACTION)?\s*;?\s*$/i;
const TRANSACTION_BEGIN = /^\s*(BEGIN|SAVEPOINT)\b/i;
const TRANSACTION_END = /^\s*(COMMIT|END)\b/i;
const ROLLBACK = /^\s*ROLLBACK\b/i;

export const beginsTransaction = (sql: string): boolean => TRANSACTION_BEGIN.test(sql);
export const rollsBack = (sql: string): boolean => ROLLBACK.test(sql);

/**
 * A transaction takes the write lock when it begins: one that reads first could neither write nor wait when another
 * process wrote in between.
 */
export function beginImmediately(sql: string): string {
  return sql === 'BEGIN TRANSACTION' ? 'BEGIN IMMEDIATE TRANSACTION' : sql;
}

/** Whether waiting for another process's lock can help: the locks of a running transaction can be what it waits for. */
export function mayWait(sql: string, inTransaction: boolean): boolean {
  return !inTransaction || TRANSACTION_END.test(sql);
}

/** Executes the statement, again as long as the database is locked; gives it back as one that has its result. */
export async function executed(
  runner: SqliteRunner,
  sql: string,
  parameters: readonly unknown[],
  busy: BusyRetry,
): Promise<SqliteStatement> {
  return retryWhileBusy(async () => {
    const statement = await prepared(runner, sql);
    const reader = statement.reader;
    const result = reader ? statement.all(...parameters) : statement.run(...parameters);
    return { reader, all: () => result, run: () => result };
  }, busy);
}
