// What of this room is in the public surface, lib/index.ts.
export { Follower, On, OnReset } from './follower.decorator.js';
export type { EmittedGroups, FollowerOptions, OnDecorator } from './follower.decorator.js';
export type { OnResetDecorator, OnResetOptions } from './follower.decorator.js';
export type { CollectedEvent, FollowerContext, ResetContext } from './follower-context.js';
export { FollowersGraph } from './graph/followers-graph.js';
export type { CollectsEdge, FollowsEdge, TakesEdge } from './graph/nodes.js';
export type { GraphFollower, GraphGroup } from './graph/nodes.js';
export type { FollowerRebuild, FollowerStatus, FollowerUpstream } from './follower-status.js';
export { Followers } from './followers.js';
export type { Projected, ProjectionChange } from './projection.js';
export { Projection, remove, update, upsert } from './projection.js';
export type { RebuildOptions, RebuildProgress, RebuildReport } from './rebuilds.js';
export type { ResetOptions, ResetReport } from './resets.js';
export type { SyncOptions, SyncProgress, SyncReport } from './syncs.js';
export {
  CollectingError,
  DuplicateFollowerError,
  FollowerLogChangedError,
  FollowerMethodTimeoutError,
  FollowerNotResettableError,
  FollowerPositionError,
  FollowerProcessDiedError,
  FollowerRebuildError,
  FollowerShutdownError,
  FollowerTimeoutError,
  FollowerVersionError,
  InvalidFollowerError,
  ProjectionError,
  UnknownFollowerError,
  UnknownUpstreamError,
  UpstreamBehindError,
  UpstreamUnreadableError,
} from './errors.js';
