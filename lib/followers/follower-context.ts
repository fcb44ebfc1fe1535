import type { Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { EventInput } from '../core/event.js';

/** An event that a follower collects: its key is made of follower, position and index where it has none. */
export type CollectedEvent<T = unknown> = Omit<EventInput<T>, 'key'> & { key?: string };

/** What a follower's method is told beside the event. */
export interface FollowerContext {
  /** Bound to the transaction that also moves the follower's position. */
  readonly manager: EntityManager;
  /**
   * Records an event, or the pending events of an aggregate, in that transaction, as soon as the method has ended. While
   * `replaying`, what is collected is left out. Throws `CollectingError` when the method has ended.
   */
  readonly collect: (collected: CollectedEvent | object) => void;
  /** The follower had handled this event before it was reset, or a version before it had. */
  readonly replaying: boolean;
  /** Of the event in the log; in a method of `@OnReset` 0. */
  readonly position: number;
  /** Which attempt at this event it is, 1-based. */
  readonly attempt: number;
  /** Aborted at the end of the time that shutdown allows. */
  readonly signal: AbortSignal;
  /** Logs under the follower's name. */
  readonly logger: Logger;
}

/** What a method of `@OnReset` is told. Nothing can be collected in it. */
export interface ResetContext extends FollowerContext {
  /** The upstream that alone is reset: an application of aggregates, or `''` for all other events. Undefined: all are. */
  readonly upstream: string | undefined;
}
