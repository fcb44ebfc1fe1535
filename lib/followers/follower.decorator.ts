import 'reflect-metadata';
import type { Duration } from '../core/duration.js';
import type { AggregateRecordedEvent, RecordedEvent } from '../core/event.js';
import type { EventClass } from '../core/event-types.js';
import type { GroupPattern } from '../core/group-pattern.js';
import type { RetryOptions } from '../core/retry-policy.js';
import type { FollowerContext, ResetContext } from './follower-context.js';

export interface FollowerOptions {
  /**
   * The log that it follows instead of that of its DataSource: one of `upstreams` of `forRoot`, by its name. Positions are that log's then.
   * Default: the log of its DataSource.
   */
  from?: string;
  /**
   * Which events it takes, as patterns of event groups; those of its `@On` methods are tried on these. Default: what any
   * of its `@On` methods takes.
   */
  follows?: GroupPattern | readonly GroupPattern[];
  /**
   * Patterns of the groups of events that it collects, or classes with `@EventType`; `[]`: it collects nothing. What it
   * collects beside that is refused with `CollectingError`. `Followers.graph()` draws it. Default: it may collect anything.
   */
  emits?: EmittedGroups;
  /**
   * Raised by one where the follower is to begin anew, with tables of its own: it catches up beside the version before, which goes on
   * where processes have it, and then takes its place by itself. Default 1.
   */
  version?: number;
  /**
   * When the retries of an event run out: `'stop'`, handle nothing more until somebody says so (default); `'skip'`, leave
   * it out, with a record; `'park'`, keep it and the later events of its stream back, and go on with others.
   */
  onError?: 'stop' | 'skip' | 'park';
  /** Events of the log that one transaction goes over, at most. Default 500. */
  batchSize?: number;
  /** The same while it catches up with the version that is active, where that is more. Default 2000. */
  rebuildBatchSize?: number;
  /**
   * How many streams it works on at once, 1 to 64: events of one stream, that of an aggregate, else of an `orderKey`, in their order; those of
   * different streams side by side, in transactions of their own. Default 1: all events in the order of the log.
   */
  streams?: number;
  /** It keeps nothing, so that it can be reset without `@OnReset`. Default false. */
  stateless?: boolean;
  /** How long its methods may take for one event; after that the attempt has failed. Default 5 min, 5 s on SQLite. */
  timeout?: Duration;
  /** Overrides of the module's `retry`. */
  retry?: RetryOptions;
  /** Name of the DataSource whose log it follows. Default: the default one. */
  dataSource?: string;
}

/** Patterns of groups, or classes with `@EventType` that stand for exactly their names. */
export type EmittedGroups = GroupPattern | EventClass | readonly (GroupPattern | EventClass)[];

export interface FollowerMetadata {
  name: string;
  options: FollowerOptions;
}

export interface OnResetOptions {
  /** The method heeds `context.upstream`, so that one upstream can be reset alone. Default false. */
  upstream?: boolean;
}

const FOLLOWER = Symbol('follower');
const ON = Symbol('on');
const ON_RESET = Symbol('on reset');

/** Stands on methods that take such events. */
export type OnDecorator<E> = <T extends (event: E, context: FollowerContext) => unknown>(
  prototype: object,
  method: string | symbol,
  descriptor: TypedPropertyDescriptor<T>,
) => void;

/** Stands on a method that removes what a follower keeps. */
export type OnResetDecorator = <T extends (context: ResetContext) => unknown>(
  prototype: object,
  method: string | symbol,
  descriptor: TypedPropertyDescriptor<T>,
) => void;

/**
 * Makes a provider a follower: its `@On` methods are given every event that they match, in the order of the log, exactly once together
 * with what they write through `context.manager`. The name is 1 to 128 UTF-8 bytes and unique in the DataSource: the
 * position is kept under it.
 */
export function Follower(name: string, options: FollowerOptions = {}): ClassDecorator {
  return (type) => Reflect.defineMetadata(FOLLOWER, { name, options } satisfies FollowerMetadata, type);
}

/**
 * The method is given the events of its follower that match. A RegExp is searched anywhere in the group, a string has to match
 * the whole of it, with `*` for any run of characters; a class with `@EventType` stands for exactly its name. Stackable. An
 * event that several methods match is given to each, in the order in which they are declared.
 */
export function On<T extends object>(type: EventClass<T>): OnDecorator<RecordedEvent<T>>;
// A method may declare the data of the events that it takes, whatever they are.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export function On(pattern: GroupPattern): OnDecorator<AggregateRecordedEvent<any>>;
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export function On(pattern: GroupPattern | EventClass): OnDecorator<AggregateRecordedEvent<any>> {
  return (_prototype, _method, descriptor) => {
    const method = descriptor.value!;
    Reflect.defineMetadata(ON, [pattern, ...patternsOf(method)], method);
  };
}

/** The method removes what the follower keeps, in the transaction of a reset. */
export function OnReset(options: OnResetOptions = {}): OnResetDecorator {
  return (_prototype, _method, descriptor) => Reflect.defineMetadata(ON_RESET, options, descriptor.value!);
}

/** What `@Follower` noted on the class itself. */
export function followerOf(type: Function): FollowerMetadata | undefined {
  return Reflect.getOwnMetadata(FOLLOWER, type) as FollowerMetadata | undefined;
}

/** What `@On` noted on the method, topmost first; empty when there is none. */
export function onPatternsOf(prototype: object, method: string): readonly (GroupPattern | EventClass)[] {
  const value = (prototype as Record<string, unknown>)[method];
  return typeof value === 'function' ? patternsOf(value) : [];
}

export function onResetOf(prototype: object, method: string): OnResetOptions | undefined {
  const value = (prototype as Record<string, unknown>)[method];
  if (typeof value !== 'function') return undefined;
  return Reflect.getOwnMetadata(ON_RESET, value) as OnResetOptions | undefined;
}

function patternsOf(method: Function): readonly (GroupPattern | EventClass)[] {
  return (Reflect.getOwnMetadata(ON, method) ?? []) as (GroupPattern | EventClass)[];
}
