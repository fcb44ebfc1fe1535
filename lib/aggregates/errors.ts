import { EventSourcingError } from '../core/errors.js';

/** A class of aggregates cannot be used as it is declared. */
export class InvalidAggregateError extends EventSourcingError {
  readonly code = 'INVALID_AGGREGATE';

  constructor(
    /** The class, or its method: `Dog`, `Dog.addTrick`. */
    readonly member: string,
    readonly problem: string,
    options?: ErrorOptions,
  ) {
    super(`${member} cannot be used: ${problem}`, options);
  }
}

/** An event method was called in a way that it cannot be. The aggregate is as it was before. */
export class AggregateEventCallError extends EventSourcingError {
  readonly code = 'AGGREGATE_EVENT_CALL';

  constructor(
    /** `Dog.addTrick`. */
    readonly method: string,
    readonly problem: string,
  ) {
    super(`${method} cannot be called like this: ${problem} The aggregate is as it was before.`);
  }
}

/** The stream was ended by an event, and goes on no more. */
export class AggregateClosedError extends EventSourcingError {
  readonly code = 'AGGREGATE_CLOSED';

  constructor(readonly id: string) {
    super(
      `The stream of "${id}" was ended by an event: expected nothing more to be written to it. Where the same id may begin ` +
        'again, say so with @AggregateType(name, { restarts: true }), and begin with repository.restart(id).',
    );
  }
}

/** There is no event of this aggregate. */
export class AggregateNotFoundError extends EventSourcingError {
  readonly code = 'AGGREGATE_NOT_FOUND';

  constructor(
    readonly type: string,
    readonly id: string,
    /** The version at which it was asked for. */
    readonly version?: number,
  ) {
    const at = version === undefined ? '' : ` at version ${version}`;
    super(
      `There is no ${type} "${id}"${at}: expected it to have been saved. Use find(id) where it may be missing.`,
    );
  }
}

/** Events were to be replayed that do not follow on what the aggregate is. */
export class AggregateSequenceError extends EventSourcingError {
  readonly code = 'AGGREGATE_SEQUENCE';

  constructor(
    readonly stream: string,
    readonly expected: string,
    readonly actual: string,
  ) {
    super(
      `The events of stream "${stream}" cannot be replayed: expected ${expected}, got ${actual}. No aggregate was made of them.`,
    );
  }
}

/** An event, or an instance, is of a type that the application's aggregates do not have. */
export class UnknownAggregateTypeError extends EventSourcingError {
  readonly code = 'UNKNOWN_AGGREGATE_TYPE';

  constructor(
    /** The event's group, or the name of the class. */
    readonly type: string,
    readonly application: string,
    readonly known: readonly string[],
  ) {
    super(
      `"${type}" is not known to the aggregates of application "${application}": expected one of ${known.join(', ')}. ` +
        'Give the class to forFeature({ aggregates }); where it was renamed, name what it was before among its aliases.',
    );
  }
}

/** An event or a snapshot is of a version that cannot be brought to that of the code. */
export class EventVersionError extends EventSourcingError {
  readonly code = 'EVENT_VERSION';

  constructor(
    /** The event's group, or `snapshot of <Type>`. */
    readonly what: string,
    /** The version that it is of. */
    readonly version: number,
    /** The version that the code knows. */
    readonly known: number,
    /** The version for which there is no step; undefined where it is newer than what the code knows. */
    readonly missing?: number,
  ) {
    super(
      `${what} is stored in version ${version}: expected one that can be brought to version ${known}, ` +
        (missing === undefined
          ? 'but it is newer than what this process knows. Deploy the release that wrote it.'
          : `but there is no step from version ${missing} to the next. Add one with @UpcastEvent or @UpcastSnapshot.`),
    );
  }
}

/** The aggregate's events were saved in a transaction that is still open, and now in another. */
export class AggregateInFlightError extends EventSourcingError {
  readonly code = 'AGGREGATE_IN_FLIGHT';

  constructor(readonly id: string) {
    super(
      `"${id}" was saved in a transaction whose end is not known yet, and is saved in another now: expected both in one, ` +
        'since the first may be rolled back. Nothing was recorded. Give save the same manager, or wait until the transaction has ended.',
    );
  }
}
