import type { QueryRunner } from 'typeorm';
import type { Tables } from '../tables.js';
import { notify } from './listener.js';

/** Where in the server a NOTIFY fails: the transaction before it has committed then. */
const NOTIFYING = ['PreCommit_Notify', 'asyncQueueAddEntries', 'Async_Notify'];

/**
 * Sends a NOTIFY in one message with the COMMIT that the runner sends next. The server runs it as a transaction of its own
 * when the first one has ended: it holds no lock while the commit waits for the disk, and does not wait for the disk
 * itself. False where somebody else has replaced the runner's `query`.
 */
export function sendWithCommit(
  runner: QueryRunner,
  t: Tables,
  message: string,
  failed: (error: unknown) => void,
): boolean {
  if (Object.hasOwn(runner, 'query')) return false;
  const query = runner.query.bind(runner) as (...statement: unknown[]) => Promise<unknown>;
  const replaced = async (statement: string, ...rest: unknown[]): Promise<unknown> => {
    if (statement !== 'COMMIT' && statement !== 'ROLLBACK') return query(statement, ...rest);
    Reflect.deleteProperty(runner, 'query');
    if (statement === 'ROLLBACK') return query(statement, ...rest);
    return query(`COMMIT; ${notify(t, message)}`).catch((error: unknown) => {
      if (!isOfNotify(error)) throw error;
      failed(error);
    });
  };
  return Reflect.set(runner, 'query', replaced);
}

function isOfNotify(error: unknown): boolean {
  const { routine } = (error as { driverError?: { routine?: string } }).driverError ?? {};
  return routine !== undefined && NOTIFYING.includes(routine);
}
