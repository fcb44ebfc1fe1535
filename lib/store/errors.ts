import { EventSourcingError } from '../core/errors.js';

/** A handler returned while a transaction that it had begun inside of its own was still open. */
export class OpenTransactionError extends EventSourcingError {
  readonly code = 'OPEN_TRANSACTION';

  constructor() {
    super(
      'A transactional handler left open a transaction that it had begun inside of its own, so nothing can be committed. ' +
        'Await every manager.transaction(…), and end what startTransaction() has begun.',
    );
  }
}

/** The stream has gone on since it was read: another writer recorded a version that this append was to record. */
export class ConcurrencyError extends EventSourcingError {
  readonly code = 'CONCURRENCY';

  constructor(
    readonly stream: string,
    /** The version that the stream was to have before the append; 0: it was to be new. */
    readonly expected: number,
    /** The version that it has, as far as this transaction sees. */
    readonly actual: number,
  ) {
    super(
      `The stream "${stream}" has been changed meanwhile: expected it to be at version ${expected}, but it is at version ` +
        `${actual}. Nothing of this append was recorded, and the transaction can go on. Read the stream again, decide on what ` +
        'it is now, and append what follows from that.',
    );
  }
}
