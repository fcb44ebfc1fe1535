import { EventSourcingError } from '../../core/errors.js';

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

/** TypeORM or a driver lacks something that the library reads and that no documentation promises. */
export class UnsupportedDriverError extends EventSourcingError {
  readonly code = 'UNSUPPORTED_DRIVER';

  constructor(
    /** Whose member is missing, such as `PostgresDriver of TypeORM`. */
    readonly owner: string,
    readonly member: string,
    /** Versions in which the member was there. */
    readonly tried: string,
  ) {
    super(
      `The event log reads ${member} of the ${owner}, which the installed version has not. It was tried with ${tried}. ` +
        'Install one of these, or a version of this package that knows the installed one.',
    );
  }
}

/** Throws `UnsupportedDriverError` for the first member that is not of its type. */
export function assertMembers(
  owner: string,
  tried: string,
  target: object,
  types: Readonly<Record<string, 'function' | 'object' | 'number' | 'boolean'>>,
): void {
  for (const [member, type] of Object.entries(types)) {
    const value = (target as Record<string, unknown>)[member];
    if (typeof value !== type || value === null) throw new UnsupportedDriverError(owner, member, tried);
  }
}
