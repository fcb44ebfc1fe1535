import { EventSourcingError } from '../../../core/errors.js';
import type { FailureKind } from '../../ports/dialect.js';

/** Another process held a named lock for too long. */
export class LockTimeoutError extends EventSourcingError {
  readonly code = 'LOCK_TIMEOUT';

  constructor(
    readonly lock: string,
    readonly seconds: number,
  ) {
    super(
      `Expected to get the lock "${lock}" within ${seconds} s, but another connection holds it, perhaps one that migrates ` +
        'the tables. Look for it with SHOW PROCESSLIST, end it or let it finish, and start again.',
    );
  }
}

/** A key is there that may be there once only. */
export const DUPLICATE = 1062;

/** What the server failed with, by its error numbers. */
export function failure(error: unknown): FailureKind {
  const code =
    (error as { driverError?: { errno?: number } }).driverError?.errno ?? (error as { errno?: number }).errno;
  if (code === 1213 || code === 1020) return 'conflict';
  if (code === DUPLICATE) return 'duplicate';
  return code === 1205 ? 'lock' : 'other';
}
