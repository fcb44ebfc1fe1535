import { AsyncLocalStorage } from 'node:async_hooks';
import type { EntityManager, QueryRunner } from 'typeorm';
import { PRUNED } from '../core/stored-payload.js';
import type { EventInput, RecordedEvent } from '../core/event.js';
import type { FollowerSetback, Telemetry } from '../core/telemetry.js';
import { Aggregate } from '../aggregates/aggregate.js';
import type { AggregateApplications } from '../aggregates/aggregate-application.js';
import { Followers } from '../followers/followers.js';
import type { FollowersParts } from '../followers/followers-parts.js';
import { FollowerSet } from '../followers/follower-set.js';
import { Following } from '../followers/following.js';
import { InlineFollowing } from '../followers/inline-following.js';
import { Syncs } from '../followers/syncs.js';
import type { CollectedRecorder } from '../followers/collector.js';
import { PayloadPrunedError } from '../payload/errors.js';
import { FollowedLogs } from '../followers/logs/followed-logs.js';
import { OtherLog } from '../followers/logs/other-log.js';
import { OwnLog } from '../followers/logs/own-log.js';
import { loggerOf, type OwnLogger } from '../runtime/logging.js';
import type { CommitListener } from '../store/commits/commit-hub.js';
import { FollowerEvents } from '../store/followers/follower-events.js';
import { FollowerTable } from '../store/followers/follower-table.js';
import { FollowerViews } from '../store/followers/follower-views.js';
import { Tracking } from '../store/followers/tracking.js';
import { recordedEvent } from '../store/log/recorded-event.js';
import type { StoredEvent } from '../store/ports/rows.js';
import { ConnectionShares } from './connection-shares.js';
import type { HandlingParts } from './handling-parts.js';
import { InlineSeries } from './inline-series.js';
import { answerLimit, type LogParts } from './log-parts.js';
import type { ResolvedOptions } from './options.js';

/** What follows the log. */
export interface FollowerParts {
  followerSet: FollowerSet;
  followerTable: FollowerTable;
  following: Following;
  followers: Followers;
  /** What `dispatch: 'inline'` does after a commit. */
  inline: InlineSeries;
}

/** What handlers and followers know of each other. */
export interface Sharing {
  followerSet: FollowerSet;
  shares: ConnectionShares;
}

export function composeSharing({ database }: LogParts, { retry, upstreams }: ResolvedOptions): Sharing {
  // As transactional handlers have it: where there is one connection for all, others wait for it.
  const timeout = database.dialect.can.pool ? 300_000 : 5000;
  const followerSet = new FollowerSet({ retry, timeout, upstreams: Object.keys(upstreams) });
  return { followerSet, shares: new ConnectionShares(database, () => followerSet.streams) };
}

export function composeFollowers(
  log: LogParts,
  handling: HandlingParts,
  aggregates: AggregateApplications,
  options: ResolvedOptions,
  telemetry: Telemetry,
  { followerSet, shares }: Sharing,
): FollowerParts {
  const { worker, dispatch } = options;
  const limit = answerLimit(options);
  const shared = sharedParts(log, handling, aggregates, { set: followerSet, limit, telemetry, options });
  const { table: followerTable } = shared;
  const following = new Following({
    ...shared,
    lease: () => handling.keeper.hold(),
    interval: worker.pollInterval,
    limit: () => shares.passes,
    shutdownTimeout: worker.shutdownTimeout,
  });
  log.commits.on(
    growing(following, () => (dispatch === 'background' && followerSet.size > 0 ? 0 : Infinity)),
  );
  const detached = AsyncLocalStorage.snapshot() as <T>(work: () => T) => T;
  const parts: FollowersParts = {
    ...shared,
    following,
    signal: new AbortController().signal,
    isStopping: () => false,
    inOwnContext: detached,
  };
  const inline = inlineSeries(parts, handling, detached);
  const isInline = dispatch === 'inline';
  const followers = new Followers(
    isInline ? { ...parts, inOwnContext: (work) => inline.around(work) } : parts,
  );
  return { followerSet, followerTable, following, followers, inline };
}

/** Tells what follows that the log has grown. */
function growing(following: Following, patience: () => number): CommitListener {
  return {
    patience,
    committed: (events) =>
      following.grown(
        events.map(({ group }) => group),
        Math.max(...events.map(({ position }) => position)),
      ),
    elsewhere: (groups) => following.grown(groups),
  };
}

function inlineSeries(
  parts: FollowersParts,
  { worker }: HandlingParts,
  detached: <T>(work: () => T) => T,
): InlineSeries {
  const { following, logger } = parts;
  const syncs = new Syncs(parts);
  const inline = new InlineFollowing({
    ...parts,
    due: (follower) => syncs.due(follower),
    isStopping: () => following.isStopped,
  });
  return new InlineSeries({
    handle: (positions) => worker.runNow(positions),
    follow: (events) => inline.follow(events),
    failed: (error) => logger.error(`Inline dispatch failed: ${String(error)}`),
    detached,
  });
}

/** What both the loop and the service need. */
function sharedParts(
  log: LogParts,
  { connectivity, sealed }: HandlingParts,
  aggregates: AggregateApplications,
  {
    set,
    limit,
    telemetry,
    options,
  }: { set: FollowerSet; limit: number; telemetry: Telemetry; options: ResolvedOptions },
) {
  const { lasting, horizon } = log;
  const views = new FollowerViews(lasting);
  const logger = loggerOf('Followers');
  const logs = followedLogs(log, views, logger, options);
  return {
    database: log.database.answeringWithin(limit, Infinity),
    tracking: new Tracking(lasting),
    events: new FollowerEvents(lasting),
    table: new FollowerTable(lasting),
    logs,
    views,
    aggregates: {
      isAggregate: (value: object) => value instanceof Aggregate,
      save: (all: readonly object[], manager: EntityManager) => aggregates.save(all as Aggregate[], manager),
    },
    recorder: recorderOf(log),
    read: logs.read.bind(logs),
    seal: sealed.seal.bind(sealed),
    guard: (runner: QueryRunner) => sealed.guard(runner, (error) => log.database.isConflict(error)),
    failureOf: (runner: QueryRunner) => sealed.failureOf(runner),
    connectivity,
    logger,
    telemetry,
    failed: failedIn(telemetry),
    random: Math.random,
    set,
    horizon,
  };
}

function failedIn(telemetry: Telemetry): FollowersParts['failed'] {
  return (follower: string, group: string, then: FollowerSetback) => {
    if (!telemetry.enabled) return;
    telemetry.settled(follower, group, then === 'retry' ? 'retry' : 'dead');
    telemetry.setBack(follower, group, then);
  };
}

/** Its own log, and those of others that the application names. */
function followedLogs(
  log: LogParts,
  views: FollowerViews,
  logger: OwnLogger,
  { upstreams, clock }: ResolvedOptions,
): FollowedLogs {
  const { store, large, horizon, types } = log;
  const own = new OwnLog({
    ...{ store: store.by(large), horizon, views },
    read: (event, runner) => read(log, event, runner),
  });
  const restored = async (event: RecordedEvent): Promise<RecordedEvent> =>
    types.has(event.group)
      ? Object.freeze({ ...event, data: await types.restore(event.group, event.data) })
      : event;
  const now = () => clock.now().getTime();
  const others = Object.entries(upstreams).map(([name, other]): [string, OtherLog] => [
    name,
    new OtherLog({ name, log: other, logger, now, restored }),
  ]);
  return new FollowedLogs(own, new Map(others));
}

function recorderOf({ store }: LogParts): CollectedRecorder {
  return {
    record: (inputs: readonly EventInput[], source, manager) =>
      store.recordWith(
        manager,
        inputs.map((input) => ({ input, source })),
      ),
  };
}

/** As handlers get it: an instance of its group's class, where there is one. */
async function read(
  { reader, types }: LogParts,
  event: StoredEvent,
  runner: QueryRunner,
): Promise<RecordedEvent> {
  if (event.encoding === PRUNED) throw new PayloadPrunedError();
  const data: unknown = await reader.data(event, undefined, runner);
  const restored = types.has(event.group) ? await types.restore(event.group, data) : data;
  return recordedEvent(event, event.position, restored);
}
