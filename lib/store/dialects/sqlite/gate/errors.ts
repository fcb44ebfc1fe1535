import { EventSourcingError } from '../../../../core/errors.js';

/** A statement or transaction waited too long for the one connection that a SQLite DataSource has. */
export class SqliteGateTimeoutError extends EventSourcingError {
  readonly code = 'SQLITE_GATE_TIMEOUT';

  constructor(
    /** Milliseconds. */
    readonly waitLimit: number,
    /** The stack lines of the call that holds the connection. */
    readonly holder: string,
    /** Milliseconds for which it has held it. */
    readonly heldFor: number,
  ) {
    super(
      `Waited ${waitLimit} ms for SQLite's connection, of which a DataSource has one. ` +
        `It has been held for ${Math.round(heldFor)} ms by:\n${holder}\n` +
        'Expected that transaction to be committed, rolled back or released. If it is waiting for this call, make this ' +
        'call through its manager or query runner; if it waits for something slow, do that outside of the transaction; ' +
        'if its query runner was never released, release it in a finally block.',
    );
  }
}

/** A statement belonged to a transaction that is over: it was not executed, since it would commit on its own. */
export class SqliteTransactionEndedError extends EventSourcingError {
  readonly code = 'SQLITE_TRANSACTION_ENDED';

  constructor(readonly sql: string) {
    super(
      `Not executed, because the transaction that it belonged to has ended: ${sql}. Expected the transaction to be ` +
        'open; SQLite itself rolled it back after an error (ON CONFLICT ROLLBACK, disk full), or the transaction ' +
        'around it ended first. Await everything inside of a transaction, and start again with a new one.',
    );
  }
}
