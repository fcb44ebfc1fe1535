/**
 * The root of every error that this package throws.
 *
 * `code` is stable across versions and safe to switch on; `message` says what happened, what was expected and
 * what to do; the data behind the message are properties of the error.
 */
export abstract class EventSourcingError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** An event was emitted that cannot be recorded: nothing was written. */
export class InvalidEventError extends EventSourcingError {
  readonly code: string = 'INVALID_EVENT';

  constructor(
    /** The part of the event that was refused, e.g. `key`. */
    readonly field: string,
    readonly expected: string,
    readonly actual: string,
  ) {
    super(`Invalid event: expected ${field} to be ${expected}, got ${actual}. Nothing was recorded.`);
  }
}

/** An option, of the module or of a decorator, is unknown or has a value that it may not have. */
export class InvalidOptionError extends EventSourcingError {
  readonly code: string = 'INVALID_OPTION';

  constructor(
    readonly option: string,
    readonly expected: string,
    readonly actual: string,
    /** Where the option was given, e.g. `@EventHandler of Mails.send`. */
    readonly where: string,
  ) {
    super(`${where}: expected ${option} to be ${expected}, got ${actual}.`);
  }
}
