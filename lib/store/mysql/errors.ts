import { EventSourcingError } from '../../core/errors.js';

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
