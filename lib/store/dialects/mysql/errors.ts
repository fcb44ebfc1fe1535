import { EventSourcingError } from '../../../core/errors.js';
import type { FailureKind } from '../../ports/transactions.js';

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

/** Of a character that a column or the connection lacks, or of one too many. */
const TEXT: readonly (number | undefined)[] = [1300, 1366, 1406, 3854, 3988];
/** The server takes no writes, for an option of it, for what the session is set to, or for its storage engine. */
const READ_ONLY: readonly (number | undefined)[] = [1290, 1792, 1836];
/** No such table. */
const MISSING_TABLE = 1146;

/** What the server failed with, by its error numbers. */
export function failure(error: unknown): FailureKind {
  const code = errorNumber(error);
  if (code === 1213 || code === 1020) return 'conflict';
  if (code === DUPLICATE) return 'duplicate';
  if (TEXT.includes(code)) return 'text';
  if (READ_ONLY.includes(code)) return 'readOnly';
  if (code === MISSING_TABLE) return 'missingTable';
  return code === 1205 ? 'lock' : 'other';
}

export function errorNumber(error: unknown): number | undefined {
  return (
    (error as { driverError?: { errno?: number } }).driverError?.errno ?? (error as { errno?: number }).errno
  );
}
