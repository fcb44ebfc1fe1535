import { EventSourcingError } from './errors.js';
import type { EventInput, EventMetadata, EventOrigin } from './event.js';
import type { RequestLike } from './client-address.js';

/** A class whose instances are events' data: made with `new` and without arguments. */
export type EventClass<T extends object = object> = new (...args: never[]) => T;

/** What of an event is not its data. */
export interface EmitOptions {
  /** Instead of the class's or a generated one. With an `origin` it is what follows the prefix. */
  key?: string;
  /** When it happened. Default: the clock's now. */
  occurredAt?: Date;
  /** Deliveries of the event become due at this time. Default: at once. */
  availableAt?: Date;
  /** Instead of the class's. */
  orderKey?: string;
  /** Stored beside the event; goes before what comes from `request`. */
  metadata?: Partial<EventMetadata>;
  /** What it is found by beside its group. Each of 1 to 255 UTF-8 bytes. */
  tags?: readonly string[];
  /** The request that brought it about: gives `metadata.ip` and `metadata.userAgent`. */
  request?: RequestLike;
  /** It comes from outside the application: its key gets the prefix `<transport>:<source>:`. */
  origin?: EventOrigin;
}

/** An event that may be recorded: named, validated, with a key. */
export interface PreparedEvent<T extends object = object> {
  /** Its data is plain: what the payload codec takes. */
  readonly input: EventInput;
  /** The instance of the event's class of which `input.data` was made. */
  readonly instance: T;
  readonly origin?: EventOrigin;
}

/** Stored data that the class of its event does not accept: trying again cannot help. */
export abstract class RefusedDataError extends EventSourcingError {}

/** PORT. The application's event classes, as the log and the handlers need to know them. */
export interface EventTypes {
  /**
   * Checks everything that can be checked before an event is recorded; writes nothing and leaves `data` as it is.
   * Rejects with `InvalidEventNameError`, `EventNotFoundError`, `EventValidationError`, `InvalidEventError`, and what the
   * class's own methods throw.
   */
  prepare(type: string | EventClass, data: unknown, options?: EmitOptions): Promise<PreparedEvent>;
  /**
   * The data that a handler is given, or a promise of it: an instance of the group's class. Throws or rejects with a
   * `RefusedDataError` when the class does not accept it any more.
   */
  restore(group: string, data: unknown): unknown;
  /** Whether the group has a class; without one, nothing of this is for its events. */
  has(group: string): boolean;
}

/** What can be asked of an event's class where nothing can be waited for. */
export interface SynchronousEventClass {
  /** An instance with this data. Throws a `RefusedDataError` where the class does not accept it. */
  accept(data: object): object;
  /** Why the class cannot be asked so; undefined where it can. */
  whyNot(): string | undefined;
}

const NAME = Symbol('event type name');
const SYNCHRONOUS = Symbol('event type, asked synchronously');

/** Notes the name of a class's events on the class. */
export function nameEventType(type: Function, name: string): void {
  Object.defineProperty(type, NAME, { value: name, configurable: true });
}

/** Notes on the class how it can be asked where nothing can be waited for. */
export function noteSynchronous(type: Function, synchronous: SynchronousEventClass): void {
  Object.defineProperty(type, SYNCHRONOUS, { value: synchronous, configurable: true });
}

/** What was noted on the class; undefined on one that is no event's. */
export function synchronousOf(type: EventClass): SynchronousEventClass | undefined {
  return (type as unknown as Record<symbol, SynchronousEventClass | undefined>)[SYNCHRONOUS];
}

/** The name that `@EventType` gave to this very class, not to one that it extends; undefined when it gave none. */
export function eventTypeNameOf(type: unknown): string | undefined {
  if (typeof type !== 'function' || !Object.hasOwn(type, NAME)) return undefined;
  return (type as unknown as Record<symbol, string>)[NAME];
}
