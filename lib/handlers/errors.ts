import { EventSourcingError } from '../core/errors.js';

/** Thrown by a handler: trying again cannot help, so the delivery is dead at once. */
export class NonRetriableError extends EventSourcingError {
  readonly code = 'NON_RETRIABLE';
}

/** Thrown by a handler: the event is to be handled again at `until`, without using up a retry. */
export class SnoozeError extends EventSourcingError {
  readonly code = 'SNOOZED';

  constructor(readonly until: Date) {
    if (!(until instanceof Date) || Number.isNaN(until.getTime())) {
      throw new TypeError('new SnoozeError(until): expected until to be a valid Date.');
    }
    super(`Put off until ${until.toISOString()}`);
  }
}

/** The handler ran longer than its timeout: its signal was aborted and the attempt counts as failed. */
export class HandlerTimeoutError extends EventSourcingError {
  readonly code = 'HANDLER_TIMEOUT';

  constructor(
    readonly handler: string,
    readonly timeout: number,
  ) {
    super(
      `Handler ${handler} did not end within ${timeout} ms. Make it faster, heed context.signal, ` +
        'or give it a longer timeout: @EventHandler(pattern, { timeout }).',
    );
  }
}

/** The worker's lease lapsed and another process may have taken over: what this run does counts for nothing. */
export class LeaseLostError extends EventSourcingError {
  readonly code = 'LEASE_LOST';

  constructor() {
    super(
      'The lease on this delivery was lost: another process may be handling the event. Stop and write nothing.',
    );
  }
}

/** The application is shutting down and the handler has used up the time that it was given to finish. */
export class ShutdownError extends EventSourcingError {
  readonly code = 'SHUTDOWN';

  constructor() {
    super('The application is shutting down: the delivery is given back and handled again later.');
  }
}

/** A person cancelled the delivery while it ran. */
export class DeliveryCancelledError extends EventSourcingError {
  readonly code = 'DELIVERY_CANCELLED';

  constructor() {
    super('The delivery was cancelled while its handler ran.');
  }
}

/** Processes that ran this delivery died so often that its attempts are used up. */
export class ProcessDiedError extends EventSourcingError {
  readonly code = 'PROCESS_DIED';

  constructor(readonly rescues: number) {
    super(`The process that handled this event died ${rescues} times: the delivery is not tried again.`);
  }
}

/** A handler that cannot be registered: named with its class and method. */
export class InvalidHandlerError extends EventSourcingError {
  readonly code: string = 'INVALID_HANDLER';

  constructor(
    readonly handler: string,
    readonly reason: string,
  ) {
    super(`@EventHandler of ${handler}: ${reason}`);
  }
}

/** Two handlers of one name: their deliveries could not be told apart. */
export class DuplicateHandlerError extends InvalidHandlerError {
  override readonly code = 'DUPLICATE_HANDLER';

  constructor(
    handler: string,
    readonly other: string,
    readonly handlerName: string,
  ) {
    super(
      handler,
      `its name "${handlerName}" is that of ${other} already. Names are unique among all handlers of a DataSource: ` +
        "give one of them another, @EventHandler(pattern, { name: '…' }).",
    );
  }
}

/** A handler was named that no process has ever registered. */
export class UnknownHandlerError extends EventSourcingError {
  readonly code = 'UNKNOWN_HANDLER';

  constructor(
    readonly handler: string,
    readonly known: readonly string[],
  ) {
    super(`There is no handler "${handler}". Known handlers: ${known.join(', ') || 'none'}.`);
  }
}
