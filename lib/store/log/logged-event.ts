import type { EntityManager } from 'typeorm';
import { describe } from '../../core/describe.js';
import { InvalidOptionError } from '../../core/errors.js';
import type { EmitOptions, EventClass } from '../../core/event-types.js';
import { assertKnownOptions } from '../../core/options/known-options.js';

/** The properties of an event's class that are data: not its methods. One with a default is optional where it is declared so. */
export type EventData<T> = {
  [K in keyof T as T[K] extends (...args: never[]) => unknown ? never : K]: T[K];
};

/** The data of the class that a call names by its type argument; nothing where it names none. */
export type DataOf<T> = [T] extends [never] ? never : NoInfer<EventData<T>>;

export interface LogOptions extends Omit<EmitOptions, 'origin'> {
  /** The event is recorded in this manager's transaction: if and only if it commits. */
  manager?: EntityManager;
}

/** What `EventLog.log` was called with. */
export interface LoggedEvent {
  type: string | EventClass;
  data: unknown;
  options: LogOptions;
}

const OPTIONS = ['key', 'manager', 'occurredAt', 'availableAt', 'orderKey', 'metadata', 'tags', 'request'];
const WHERE = 'EventLog.log';

/** `(name, data, options)`, `(Class, data, options)` or `(instance, options)`. Throws for what is none of these. */
export function loggedEvent(event: unknown, second: unknown, third: unknown): LoggedEvent {
  if (typeof event !== 'object' || event === null) {
    return { type: event as string | EventClass, data: second, options: checkedOptions(third) };
  }
  if (second !== undefined && third !== undefined) {
    const expected = 'nothing but options beside an instance';
    throw new InvalidOptionError('data', expected, describe(second), WHERE);
  }
  return { type: event.constructor as EventClass, data: event, options: checkedOptions(third ?? second) };
}

function checkedOptions(options: unknown = {}): LogOptions {
  assertKnownOptions(options, OPTIONS, WHERE);
  return options as LogOptions;
}
