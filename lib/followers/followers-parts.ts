import type { Horizon } from '../store/db/horizon.js';
import type { FollowerViews } from '../store/followers/follower-views.js';
import type { RunParts } from './follower-run.js';
import type { FollowerSet } from './follower-set.js';
import type { Following } from './following.js';

/** What the service is made of. */
export interface FollowersParts extends Omit<RunParts, 'slots'> {
  readonly set: FollowerSet;
  readonly following: Following;
  readonly horizon: Pick<Horizon, 'advance'>;
  readonly views: FollowerViews;
  /** Runs passes outside of the context of whoever calls; with inline dispatch, and then what they cause. */
  readonly inOwnContext: <T>(work: () => Promise<T>) => Promise<T>;
}
