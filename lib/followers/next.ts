import type { FollowerRow } from '../store/followers/follower-rows.js';

/** What came of the next step of a follower, and the row as it is then. */
export type Next =
  /** There is nothing to do up to the horizon, or not yet. */
  | { readonly kind: 'idle'; readonly row: FollowerRow }
  | { readonly kind: 'passed'; readonly row: FollowerRow; readonly handled: number }
  /** An event failed and is to be tried again, or has stopped the follower. */
  | { readonly kind: 'failed'; readonly row: FollowerRow; readonly error: unknown }
  /** Somebody else has moved it on: its row has to be read again. */
  | { readonly kind: 'lost' }
  /** The database, or what it is done with, is away or did not do its part; nothing counts as an attempt. `told`: somebody has said so. */
  | { readonly kind: 'away'; readonly error: unknown; readonly told?: boolean };
