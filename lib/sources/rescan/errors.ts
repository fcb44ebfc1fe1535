import { EventSourcingError } from '../../core/errors.js';

/** Another process, or another call in this one, is re-scanning. */
export class RescanInProgressError extends EventSourcingError {
  readonly code = 'RESCAN_IN_PROGRESS';

  constructor() {
    super(
      'A re-scan is in progress already, here or in another process. Expected one at a time; ' +
        'try again when it is done (the lease of a crashed process lapses after 30 seconds).',
    );
  }
}

/** The re-scan stopped, because its lease was lost: another process may be re-scanning. */
export class RescanLeaseLostError extends EventSourcingError {
  readonly code = 'RESCAN_LEASE_LOST';

  constructor() {
    super(
      'The re-scan lost its lease and has stopped: the process or the database stood still for longer than the lease ' +
        'of 30 seconds. Nothing is lost: what it recorded stands, and the next run goes on from there.',
    );
  }
}
