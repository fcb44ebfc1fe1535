import { describe } from '../core/describe.js';
import { InvalidAggregateError } from './errors.js';
import { atTime } from './event-time.js';

/** Where an aggregate keeps its pending events. */
export const PENDING = Symbol('pending events');

/** An event that an aggregate has made and nobody has recorded. */
export interface PendingEvent<T = unknown> {
  /** The event's name, without that of the aggregate's type. */
  readonly name: string;
  readonly version: number;
  readonly data: T;
  readonly occurredAt: Date;
}

/**
 * An object whose state is what its events made of it: extend it, and decorate methods with `@AggregateEvent`. State is
 * kept in own properties, not in private `#fields`; the constructor takes the id alone.
 */
export abstract class Aggregate {
  readonly id: string;
  /** How many events it has had; 0 before the first. */
  readonly version: number;
  /** Time of its first event; undefined before that. */
  readonly createdAt: Date;
  /** Time of its last event; undefined before the first. */
  readonly modifiedAt: Date;
  /** @internal */
  readonly [PENDING]: PendingEvent[] = [];

  /** Throws `InvalidAggregateError` for an id that is no text. */
  constructor(id: string) {
    if (typeof id !== 'string' || id === '')
      throw new InvalidAggregateError(new.target.name, `expected its id to be a text, got ${describe(id)}.`);
    this.id = id;
    this.version = 0;
    this.createdAt = this.modifiedAt = undefined as unknown as Date;
  }

  /** The pending events, first in first out: they are the caller's now, and no save records them. */
  collectPendingEvents(): PendingEvent[] {
    return this[PENDING].splice(0);
  }

  /** Makes changes whose events have this time, instead of now. Returns what `change` returns. */
  at<R>(time: Date, change: (aggregate: this) => R): R {
    return atTime(time, () => change(this));
  }
}

/** What of an aggregate only its events move. */
export type Progress = { -readonly [K in 'version' | 'createdAt' | 'modifiedAt']: Aggregate[K] };

export function progressOf({ version, createdAt, modifiedAt }: Aggregate): Progress {
  return { version, createdAt, modifiedAt };
}

export function setProgress(aggregate: Aggregate, progress: Progress): void {
  Object.assign(aggregate, progress);
}

/** A class of aggregates. */
export type AggregateClass<T extends Aggregate = Aggregate> = new (id: string) => T;
