import { EventSourcingError } from '../../core/errors.js';
import { messageOf } from '../../core/thrown.js';

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

/** The session of a transaction ended before the transaction did; `cause` is what failed by that. */
export class SessionEndedError extends EventSourcingError {
  readonly code = 'SESSION_ENDED';

  constructor(
    readonly reason: Error,
    cause: unknown,
  ) {
    const { code } = reason as { code?: string };
    super(
      `The session of the transaction ended: ${reason.message}${code ? ` (${code})` : ''}. Expected it to last as long as the ` +
        'transaction. Where a timeout for idle transactions ended it, do what takes long outside of the transaction, or in a ' +
        'handler that is not transactional.',
      { cause },
    );
  }
}

/** A manager was given that is in no transaction, so that nothing would tie the event to what it is about. */
export class TransactionRequiredError extends EventSourcingError {
  readonly code = 'TRANSACTION_REQUIRED';

  constructor() {
    super(
      'The event log was given a manager that is in no transaction. Give it the manager of the transaction whose ' +
        'event it is (dataSource.transaction((manager) => …)), or none: then it makes a transaction of its own.',
    );
  }
}

/** The product's tables were there when the application started, and are gone. */
export class TablesMissingError extends EventSourcingError {
  readonly code = 'TABLES_MISSING';

  /** With what the database says of the table. */
  constructor(cause: unknown) {
    super(
      `Events cannot be recorded: a table of the log is gone (${messageOf(cause)}). Expected it to stay while the application ` +
        'runs, but dataSource.synchronize(true) and dropDatabase() drop every table. Start the application again; in tests call ' +
        'clearEventLog(app) of nestjs-once/testing afterwards, which makes them again, or use it instead to empty the log.',
      { cause },
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
    /**
     * The version that it has, as far as this transaction sees; undefined where the database told of the conflict with an
     * error of its own, in a transaction that cannot go on: it is `cause`.
     */
    readonly actual: number | undefined,
    options?: ErrorOptions,
  ) {
    const now = actual === undefined ? 'another transaction is changing it' : `it is at version ${actual}`;
    const end = options
      ? 'the database has ended the transaction. Begin it again'
      : 'the transaction can go on';
    super(
      `The stream "${stream}" has been changed meanwhile: expected it to be at version ${expected}, but ${now}. ` +
        `Nothing of this append was recorded, and ${end}. Read the stream again, decide on what ` +
        'it is now, and append what follows from that.',
      options,
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
