import { type FollowerRow, positionOf } from '../store/followers/follower-rows.js';
import { fromOf } from './logs/followed-logs.js';
import { isRebuilding, obstacleOf } from './versions.js';
import type { Behind } from '../store/followers/follower-views.js';

/** How far a follower is in one upstream: another log, or an application of aggregates, or `''` for all other events. */
export interface FollowerUpstream {
  readonly upstream: string;
  readonly position: number;
}

/** How far a version is on its way to become the active one. */
export interface FollowerRebuild {
  /** The position to which the active version has come. */
  readonly until: number;
  /** From 0 to 1. */
  readonly progress: number;
  /** Why it will not take the active version's place; undefined: nothing keeps it from that. */
  readonly heldUpBy?: string;
}

/** How a follower is doing, in whatever process. */
export interface FollowerStatus {
  readonly name: string;
  readonly version: number;
  /** The version that readers look at: `Followers.activeVersion(name)`. */
  readonly activeVersion: number;
  /**
   * `'stopped'`: an event failed for good, and nothing is handled until somebody says so. `'rebuilding'`: it catches up with the active
   * version, whose place it will take.
   */
  readonly state: 'running' | 'paused' | 'stopped' | 'rebuilding';
  /** Of a version that is to take the place of the active one. */
  readonly rebuild?: FollowerRebuild;
  /** Up to there it has handled everything, in all upstreams. */
  readonly position: number;
  readonly upstreams: readonly FollowerUpstream[];
  /** The other log that it follows; undefined: that of its DataSource. */
  readonly from?: string;
  /** Why that log cannot be read now, and since when this process knows it; undefined: it can. */
  readonly unreadable?: { readonly since: Date; readonly error: string };
  /** Positions from there to the end of the log; 0: it has caught up. While the log is unreadable, as far as was known of it. */
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

function stateOf(row: FollowerRow): FollowerStatus['state'] {
  if (row.isPaused) return 'paused';
  if (row.isStopped) return 'stopped';
  return isRebuilding(row) ? 'rebuilding' : 'running';
}

function rebuildOf(row: FollowerRow): Pick<FollowerStatus, 'rebuild'> {
  if (!row.active || !isRebuilding(row)) return {};
  const until = row.active.front;
  const progress = until === 0 ? 1 : Math.min(1, positionOf(row) / until);
  const heldUpBy = obstacleOf(row);
  return { rebuild: { until, progress, ...(heldUpBy === undefined ? {} : { heldUpBy }) } };
}

export function statusOf(
  row: FollowerRow,
  { lag, lagSeconds, ...other }: Behind & Pick<FollowerStatus, 'unreadable'>,
  now: Date,
): FollowerStatus {
  const from = fromOf(row);
  const state = stateOf(row);
  const { name, version, failure, parked, skipped, isOwned, isStopped } = row;
  return {
    ...{ name, version, state, lag, lagSeconds, parked, skipped },
    activeVersion: row.active?.version ?? version,
    ...rebuildOf(row),
    position: positionOf(row),
    upstreams: row.upstreams.map(({ upstream, position }) => ({ upstream, position })),
    isFollowed: isOwned,
    ...(from === undefined ? {} : { from }),
    ...other,
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
