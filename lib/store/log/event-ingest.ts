import type { EntityManager } from 'typeorm';
import { EventSourcingError } from '../../core/errors.js';
import type { AppendResult } from '../../core/event.js';
import type { PreparedEvent } from '../../core/event-types.js';
import type { Database } from '../db/database.js';
import type { Emission, EventRecorder } from './event-recorder.js';

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

/** Records what comes from code and from outside, in the caller's transaction or in one of its own. */
export class EventIngest {
  constructor(
    private readonly database: Database,
    private readonly recorder: EventRecorder,
  ) {}

  /**
   * Records prepared events, all or none, with one result for each, in their order. Throws what can be found out only
   * then, such as `PayloadEncodingError`, `PayloadTooLargeError` and `TransactionRequiredError`; nothing was written then.
   */
  recordAll(
    prepared: readonly PreparedEvent[],
    { manager }: { manager?: EntityManager } = {},
  ): Promise<AppendResult[]> {
    const emissions = prepared.map((event) => ({ ...event, source: event.origin?.transport ?? 'log' }));
    return this.record(emissions, manager);
  }

  /** With `manager`, in its transaction; without, in one of their own (on SQLite in the caller's). */
  async record(emissions: readonly Emission[], manager: EntityManager | undefined): Promise<AppendResult[]> {
    if (manager) {
      const runner = manager.queryRunner;
      if (!runner?.isTransactionActive) throw new TransactionRequiredError();
      return this.recorder.record(emissions, runner);
    }
    const runner = this.database.connection();
    try {
      return await this.recorder.record(emissions, runner);
    } finally {
      await runner.release();
    }
  }
}
