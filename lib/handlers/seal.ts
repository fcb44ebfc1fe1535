import type { QueryRunner } from 'typeorm';

const ROLLBACK = /^\s*ROLLBACK/i;

/**
 * Refuses the statements that a failed handler still sends through its manager, such as those beside the one that
 * failed in a `Promise.all`: behind the rollback they would be transactions of their own, and stay.
 */
export function seal(runner: QueryRunner, reason: unknown): void {
  const query = runner.query.bind(runner) as (...args: unknown[]) => Promise<unknown>;
  const sealed = async (statement: string, ...rest: unknown[]) => {
    if (!ROLLBACK.test(statement)) throw reason;
    return query(statement, ...rest);
  };
  Object.assign(runner, { query: sealed });
}
