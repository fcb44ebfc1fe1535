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
