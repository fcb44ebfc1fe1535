import type { QueryRunner } from 'typeorm';
import type { Tables } from '../tables.js';
import { notify } from './listener.js';
import { sendWithCommit } from './with-commit.js';

/** Where in the server a NOTIFY fails: the transaction before it has committed then. */
const NOTIFYING = ['PreCommit_Notify', 'asyncQueueAddEntries', 'Async_Notify'];

/**
 * Sends a NOTIFY in one message with the COMMIT that the runner sends next. The server runs it as a transaction of its own
 * when the first one has ended: it holds no lock while the commit waits for the disk, and does not wait for the disk
 * itself.
 */
export function notifyWithCommit(
  runner: QueryRunner,
  t: Tables,
  message: string,
  failed: (error: unknown) => void,
): boolean {
  const hasCommitted = (error: unknown) => {
    if (!isOfNotify(error)) return false;
    failed(error);
    return true;
  };
  return sendWithCommit(runner, { after: notify(t, message), hasCommitted });
}

function isOfNotify(error: unknown): boolean {
  const { routine } = (error as { driverError?: { routine?: string } }).driverError ?? {};
  return routine !== undefined && NOTIFYING.includes(routine);
}
