import { type FollowerRow, positionOf } from '../store/followers/follower-rows.js';
import type { Behind } from '../store/followers/follower-views.js';

/** How far a follower is in one upstream: an application of aggregates, or `''` for all other events. */
export interface FollowerUpstream {
  readonly upstream: string;
  readonly position: number;
}

/** How a follower is doing, in whatever process. */
export interface FollowerStatus {
  readonly name: string;
  readonly version: number;
  /** `'stopped'`: an event failed for good, and nothing is handled until somebody says so. */
  readonly state: 'running' | 'paused' | 'stopped';
  /** Up to there it has handled everything, in all upstreams. */
  readonly position: number;
  readonly upstreams: readonly FollowerUpstream[];
  /** Positions from there to the end of the log; 0: it has caught up. */
  readonly lag: number;
  /** For how long the first event that it has not passed has been in the log. */
  readonly lagSeconds: number;
  /** Whether a process that lives has taken it on. */
  readonly isFollowed: boolean;
  /** The event at which it fails, until it has passed that. */
  readonly failure?: {
    readonly position: number;
    readonly attempts: number;
    readonly error: string;
    readonly failedAt: Date;
    /** Undefined: it is not tried again by itself. */
    readonly retryAt?: Date;
  };
  /** Events that failed and are kept back, with those that wait behind them. */
  readonly parked: number;
  /** Events that were given up. */
  readonly skipped: number;
}

export function statusOf(
  row: FollowerRow,
  state: FollowerStatus['state'],
  { lag, lagSeconds }: Behind,
  now: Date,
): FollowerStatus {
  const { name, version, failure, parked, skipped, isOwned, isStopped } = row;
  return {
    ...{ name, version, state, lag, lagSeconds, parked, skipped },
    position: positionOf(row),
    upstreams: row.upstreams.map(({ upstream, position }) => ({ upstream, position })),
    isFollowed: isOwned,
    ...(failure
      ? {
          failure: {
            position: failure.position,
            attempts: failure.attempts,
            error: failure.error,
            failedAt: new Date(failure.failedAt),
            ...(isStopped ? {} : { retryAt: new Date(now.getTime() + failure.retryIn) }),
          },
        }
      : {}),
  };
}
