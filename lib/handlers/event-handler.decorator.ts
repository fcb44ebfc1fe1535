import 'reflect-metadata';
import type { Duration } from '../core/duration.js';
import type { AggregateRecordedEvent, RecordedEvent } from '../core/event.js';
import type { EventClass } from '../core/event-types.js';
import type { GroupPattern } from '../core/group-pattern.js';
import type { RetryOptions } from '../core/retry-policy.js';
import type { ReferenceRelations } from '../store/typeorm/relations.js';
import type { HandlerContext } from './handler-context.js';

export interface EventHandlerOptions {
  /** Unique in the DataSource; deliveries are kept under it. Default `Class.method`. */
  name?: string;
  /** What the handler was called before, so that it takes over the deliveries of that name. */
  formerly?: string | readonly string[];
  /** `context.manager` is bound to a transaction which also marks success: exactly once. Default false. */
  transactional?: boolean;
  /** Overrides of the module's `retry`. */
  retry?: RetryOptions;
  /**
   * After this the run's signal is aborted and the attempt has failed; counted from the end of the turn of the event loop
   * in which it starts. Default 5 min; 5 s when transactional on SQLite.
   */
  timeout?: Duration;
  /** How many of its deliveries run at once in one process. Default: the worker's concurrency. */
  concurrency?: number;
  /**
   * Handles the events of one `orderKey` one at a time and in log order, in all processes together; one that is put off,
   * delayed or retried holds back its own key only, a dead or cancelled one lets it go. Events without an `orderKey` are
   * handled in any order. Default false.
   */
  ordered?: boolean;
  /** Loaded on entity references in the event's data, beside eager relations. */
  relations?: ReferenceRelations;
  /** What an entity reference becomes whose row is gone. Default `'null'`; `'error'` fails the delivery. */
  missingEntity?: 'null' | 'error';
  /** Name of the DataSource whose events it handles. Default: the default one. */
  dataSource?: string;
}

export interface EventHandlerMetadata {
  /** Or an event's class, for the events of its name. */
  pattern: GroupPattern | EventClass;
  options: EventHandlerOptions;
}

const METADATA = Symbol('event handlers');

/** Stands on methods that take such events. */
export type EventHandlerDecorator<E> = <T extends (event: E, context: HandlerContext) => unknown>(
  prototype: object,
  method: string | symbol,
  descriptor: TypedPropertyDescriptor<T>,
) => void;

/**
 * Makes a provider's method a handler of recorded events: called once for each event whose group matches, outside the
 * request that caused it, retried on failure. A RegExp is searched anywhere in the group, a string has to match the
 * whole of it, with `*` for any run of characters; a class with `@EventType` stands for exactly its name, and the event's
 * data is an instance of it. Stackable: decorators of one name on one method are one handler that takes what any of the
 * patterns matches; with names of their own they are handlers of their own.
 */
export function EventHandler<T extends object>(
  type: EventClass<T>,
  options?: EventHandlerOptions,
): EventHandlerDecorator<RecordedEvent<T>>;
export function EventHandler(
  pattern: GroupPattern,
  options?: EventHandlerOptions,
  // A handler may declare the data of the events that it takes, whatever they are.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
): EventHandlerDecorator<AggregateRecordedEvent<any>>;
export function EventHandler(
  pattern: GroupPattern | EventClass,
  options: EventHandlerOptions = {},
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
): EventHandlerDecorator<AggregateRecordedEvent<any>> {
  return (_prototype, _method, descriptor) => {
    const method = descriptor.value!;
    const below = (Reflect.getOwnMetadata(METADATA, method) ?? []) as EventHandlerMetadata[];
    Reflect.defineMetadata(METADATA, [{ pattern, options }, ...below], method);
  };
}

/** What `@EventHandler` noted on the method, topmost first; empty when there is none. */
export function eventHandlersOf(prototype: object, method: string | symbol): readonly EventHandlerMetadata[] {
  const value = (prototype as Record<string | symbol, unknown>)[method];
  if (typeof value !== 'function') return [];
  return (Reflect.getOwnMetadata(METADATA, value) ?? []) as EventHandlerMetadata[];
}
