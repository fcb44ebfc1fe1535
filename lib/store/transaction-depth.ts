import type { QueryRunner } from 'typeorm';
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

/** How many transactions and savepoints are open on the runner, one inside of the other; TypeORM keeps it to itself. */
export function depthOf(runner: QueryRunner): number {
  return (runner as unknown as { transactionDepth: number }).transactionDepth;
}

/** Throws `OpenTransactionError` where work that began at this depth has left one of its own open. */
export function assertNoneLeftOpen(runner: QueryRunner, depth: number): void {
  if (depthOf(runner) > depth) throw new OpenTransactionError();
}
