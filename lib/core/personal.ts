import { describe } from './describe.js';
import { EventSourcingError, InvalidOptionError } from './errors.js';

/** Registered, so that two copies of the package know each other's. */
const BRAND = Symbol.for('nestjs-once.erased');

/** What was personal to somebody who has been forgotten, in the place where it was. */
export class Erased {
  constructor() {
    Object.defineProperty(this, BRAND, { value: true });
    Object.freeze(this);
  }

  toString(): string {
    return '[erased]';
  }

  /** In JSON it is null. */
  toJSON(): null {
    return null;
  }
}

/** One for all: what it stands for can be told by nothing. */
export const ERASED = new Erased();

/** Whether the value is what reads give for what was personal to somebody who has been forgotten, unless the option `erased` says otherwise. */
export function isErased(value: unknown): value is Erased {
  return typeof value === 'object' && value !== null && BRAND in value;
}

/** An event, as whoever says whose personal data is in it is told of it. */
export interface PersonalEvent<T = unknown> {
  readonly group: string;
  readonly key: string;
  readonly data: T;
  /** Of an aggregate's event. */
  readonly aggregateId?: string;
}

/** What says whom personal data is about: the id of one person, a text of 1 to 200 UTF-8 bytes, a whole number or a bigint. */
export type SubjectOf<T = unknown> = (data: T, event: PersonalEvent<T>) => string | number | bigint;

/** Part of an event's data that is personal to one subject. */
export interface PersonalPart {
  /** Path of property names with dots between them; undefined: all of the data. */
  readonly property?: string;
  readonly subject: SubjectOf;
}

/** PORT. What event classes say of what is personal. */
export interface PersonalClasses {
  readonly isEmpty: boolean;
  of(group: string): readonly PersonalPart[] | undefined;
}

const PARTS = Symbol('personal parts');

/** Notes on an event's class that part of its data is personal; what a class that it extends says of that part counts no more. */
export function notePersonal(type: Function, part: PersonalPart): void {
  const parts = [...personalPartsOf(type).filter(({ property }) => property !== part.property), part];
  Object.defineProperty(type, PARTS, { value: parts, configurable: true });
}

/** What was noted on the class, and on those that it extends. */
export function personalPartsOf(type: Function): readonly PersonalPart[] {
  return (type as unknown as Record<symbol, readonly PersonalPart[] | undefined>)[PARTS] ?? [];
}

/** Throws `InvalidOptionError` where `@Personal` was given what it cannot be. */
export function assertPersonalParts(type: Function): void {
  const parts = personalPartsOf(type);
  for (const { property, subject } of parts) {
    const where = `@Personal of ${type.name}${property === undefined ? '' : `.${property}`}`;
    if (typeof subject !== 'function')
      throw new InvalidOptionError('subject', 'a function (data) => id', describe(subject), where);
    const isAlone = property !== undefined || parts.length === 1;
    if (isAlone && !property?.includes('.')) continue;
    throw new InvalidOptionError(
      'it',
      'on the class, or on properties without dots',
      'both or others',
      where,
    );
  }
}

/** An event was to be recorded that holds personal data of somebody who has been forgotten. Nothing was written. */
export class ErasedSubjectError extends EventSourcingError {
  readonly code = 'ERASED_SUBJECT';

  constructor(
    readonly subject: string,
    /** The event that was not recorded. */
    readonly event: { readonly key: string; readonly group: string },
  ) {
    super(
      `Event "${event.key}" (${event.group}) holds personal data of the subject "${subject}", which has been forgotten. Nothing was ` +
        "recorded. Emit it without that data, or choose forgetting: { afterwards: 'stand-in' } to have such events recorded without it.",
    );
  }
}
