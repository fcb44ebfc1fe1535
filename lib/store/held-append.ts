import type { QueryRunner } from 'typeorm';
import { depthOf } from './transaction-depth.js';
import { isOfSave } from './saves.js';

/** What is to be recorded before a transaction commits, in one of two ways. */
export interface HeldAppend {
  /** By statements of its own, since something else comes before the COMMIT; on `past`, which is not held back. */
  now(past: QueryRunner): Promise<void>;
  /** Together with the COMMIT. When this fails, nothing is committed. */
  withCommit(): Promise<void>;
}

/** Whether an append may wait for the COMMIT: only TypeORM's own, which comes by `query`, can follow it. */
export function canHold(runner: QueryRunner): boolean {
  return isOfSave(runner) && depthOf(runner) === 1 && !Object.hasOwn(runner, 'query');
}

/**
 * Holds an append back until the runner's next statement. Mostly that is the COMMIT, with which it goes in one message.
 * Before any other it is sent by itself, so that whoever reads finds it; with a ROLLBACK it is dropped.
 */
export function hold(runner: QueryRunner, append: HeldAppend): void {
  const query = runner.query.bind(runner) as (...statement: unknown[]) => Promise<unknown>;
  const letGo = () => Reflect.deleteProperty(runner, 'query');
  let sent: Promise<void> | undefined;
  const rollBack = async (...statement: unknown[]) => {
    // What is under way takes the connection first.
    await sent?.catch(() => undefined);
    letGo();
    return query(...statement);
  };
  const replaced = async (...statement: unknown[]): Promise<unknown> => {
    if (statement[0] === 'ROLLBACK') return rollBack(...statement);
    if (!sent && statement[0] === 'COMMIT') {
      letGo();
      return append.withCommit();
    }
    // Should it fail, so does the COMMIT, whatever its first caller made of the error.
    sent ??= append
      .now(Object.create(runner, { query: { value: query } }) as QueryRunner)
      .then(() => void letGo());
    await sent;
    return query(...statement);
  };
  Reflect.set(runner, 'query', replaced);
}
