import { inspect } from 'node:util';
import { EventSourcingError } from '../core/errors.js';
import { nameOfOwner, NOBODY, type PayloadOwner } from './payload-owner.js';

/** An event's `data` holds something that cannot be stored: nothing was written. */
export class PayloadEncodingError extends EventSourcingError {
  readonly code = 'PAYLOAD_NOT_ENCODABLE';

  constructor(
    /** The way to the refused value, e.g. `data.items[3].price`; `<Map>` stands for what a `Map` is stored as. */
    readonly path: string,
    readonly expected: string,
    readonly actual: string,
    options?: ErrorOptions,
  ) {
    super(
      `Invalid event data: expected ${path} to be ${expected}, got ${actual}. Nothing was recorded.`,
      options,
    );
  }
}

/** A step of the pipeline could not store what is an event's `data`: nothing was written. */
export class PayloadStepError extends PayloadEncodingError {
  constructor(step: string, message: string, cause: unknown) {
    super('data', `what the payload step "${step}" can store`, `an error: ${message}`, { cause });
  }
}

/** An event's `data` takes more room than the limit: nothing was written. */
export class PayloadTooLargeError extends EventSourcingError {
  readonly code = 'PAYLOAD_TOO_LARGE';

  constructor(
    /** UTF-8 bytes counted; at least so many, because counting ends soon after the limit. */
    readonly bytes: number,
    /** The limit on what is stored, or the wider one on the text that the payload steps are given. */
    readonly limit: number,
  ) {
    super(
      `Event data too large: expected at most ${limit} bytes, got at least ${bytes}. Nothing was recorded. ` +
        'Store large content elsewhere and emit a reference to it, or raise the payload limit.',
    );
  }
}

/** A payload in the database cannot be read back by this process. */
export class PayloadDecodingError extends EventSourcingError {
  readonly code = 'PAYLOAD_NOT_DECODABLE';
  /** The event whose data it is; a snapshot has no group; undefined where nobody knows. */
  readonly event?: PayloadOwner;

  constructor(
    /** What is wrong and what would help. */
    readonly problem: string,
    { event = NOBODY, ...options }: ErrorOptions & { event?: PayloadOwner } = {},
  ) {
    const whose = event === NOBODY ? 'the stored event data' : `the data of ${nameOfOwner(event)}`;
    super(`Cannot read ${whose}: ${problem}.`, options);
    if (event !== NOBODY) this.event = ownerOf(event);
  }
}

/**
 * A payload, or what is personal in it, is encrypted with a key that this process does not have. That is never taken for
 * what has been forgotten.
 */
export class UnknownKeyError extends EventSourcingError {
  readonly code = 'UNKNOWN_KEY';
  readonly event?: PayloadOwner;

  constructor(
    /** The id that the key is called by. */
    readonly keyId: string,
    /** Where the key should be, and what to do. */
    readonly problem: string,
    { event = NOBODY, subject }: { event?: PayloadOwner; subject?: string } = {},
  ) {
    super(`Cannot read ${nameOfOwner(event)}: its key "${keyId}" ${problem}.`);
    if (event !== NOBODY) this.event = ownerOf(event);
    if (subject !== undefined) this.subject = subject;
  }

  /** Of a data subject's key. */
  readonly subject?: string;
}

/** Not the whole of what is stored, which would be printed with the error. */
function ownerOf({ key, group }: PayloadOwner): PayloadOwner {
  return { key, group };
}

/** The event's data was removed by retention: no handler can be given the event any more. Not tried again. */
export class PayloadPrunedError extends EventSourcingError {
  readonly code = 'PAYLOAD_PRUNED';

  constructor() {
    super(
      "The event's data was removed, as the option retention.payload asks for: expected it to be there for a handler. " +
        'Cancel the delivery, or keep payloads for longer than events may be backfilled or retried.',
    );
  }
}

/** An entity that the event refers to is gone, and the reader asked to be told so. */
export class MissingEntityError extends EventSourcingError {
  readonly code = 'MISSING_ENTITY';

  constructor(
    readonly entity: string,
    /** Empty where the event is encrypted. */
    readonly id: Readonly<Record<string, unknown>>,
  ) {
    const which = Object.keys(id).length === 0 ? '' : ` ${inspect(id, { breakLength: Infinity })}`;
    super(
      `The event refers to ${entity}${which}: expected it to exist, but it is gone. ` +
        "Emit the values that are needed instead of the entity, or choose missingEntity: 'null'.",
    );
  }
}
