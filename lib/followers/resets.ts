import { Logger } from '@nestjs/common';
import type { FollowerRow } from '../store/followers/follower-rows.js';
import { positionOf } from '../store/followers/follower-rows.js';
import type { Sql } from '../store/ports/sql.js';
import { CLEARED } from './moves.js';
import {
  CollectingError,
  FollowerNotResettableError,
  UnknownFollowerError,
  UnknownUpstreamError,
} from './errors.js';
import type { ResetContext } from './follower-context.js';
import type { FollowerDefinition } from './follower-definition.js';
import type { FollowersParts } from './followers-parts.js';
import type { FollowerUpstream } from './follower-status.js';

export interface ResetOptions {
  /** One upstream alone: an application of aggregates, or `''` for all other events. Default: all. */
  upstream?: string;
  /** Only tells what would be forgotten. Default false. */
  dryRun?: boolean;
  /** Also where nothing removes what the follower keeps; not for one upstream. Default false. */
  force?: boolean;
}

/** What a reset has forgotten, or would forget. */
export interface ResetReport {
  readonly name: string;
  /** How far it had come. */
  readonly upstreams: readonly FollowerUpstream[];
  /** Events up to there that it takes, and will be given again. */
  readonly events: number;
}

/** Resets followers of this process. */
export class Resets {
  constructor(private readonly parts: FollowersParts) {}

  async run(
    row: FollowerRow,
    { upstream, dryRun = false, force = false }: ResetOptions,
  ): Promise<ResetReport> {
    const { set, following, database } = this.parts;
    const follower = set.find(row.name);
    if (!follower)
      throw new UnknownFollowerError(
        [row.name],
        set.all.map(({ name }) => name),
      );
    assertUpstream(row, upstream);
    if (!dryRun) assertResettable(follower, upstream, force);
    const report = await this.report(row, follower, upstream);
    if (!dryRun)
      await following
        .run(row.name)
        .alone(() =>
          database.transactionOnce((sql) => this.reset(sql, row, follower, upstream), this.parts.seal),
        );
    return report;
  }

  private async reset(
    sql: Sql,
    row: FollowerRow,
    follower: FollowerDefinition,
    upstream: string | undefined,
  ): Promise<void> {
    const { tracking, events, database } = this.parts;
    await tracking.changing(sql, row);
    const { reset } = follower;
    if (reset) {
      const context = this.context(sql, follower, upstream);
      await database.whileHolding(sql.runner, async () => reset.call(context));
    }
    await tracking.lanes.replay(sql, row, upstream);
    await tracking.place(sql, row, 0, upstream);
    if (upstream === undefined || follower.from !== undefined) await events.removeBehind(sql, row, 0);
    else await events.removeOf(sql, row, upstream);
    await tracking.set(sql, row, CLEARED);
  }

  private context(sql: Sql, { name }: FollowerDefinition, upstream: string | undefined): ResetContext {
    return {
      manager: sql.runner.manager,
      collect: () => {
        throw new CollectingError(name, 'nothing can be collected in a method of @OnReset.');
      },
      replaying: true,
      position: 0,
      attempt: 1,
      signal: this.parts.signal,
      logger: new Logger(name),
      upstream,
    };
  }

  private async report(
    row: FollowerRow,
    follower: FollowerDefinition,
    upstream: string | undefined,
  ): Promise<ResetReport> {
    const upstreams = row.upstreams.filter((one) => upstream === undefined || one.upstream === upstream);
    const log = this.parts.logs.of(follower.from);
    let events = 0;
    for (const one of upstream === undefined
      ? [{ upstream: undefined, position: positionOf(row) }]
      : upstreams)
      events += await log.count(0, one.position, follower.takes, one.upstream);
    return {
      name: row.name,
      upstreams: upstreams.map(({ upstream, position }) => ({ upstream, position })),
      events,
    };
  }
}

function assertUpstream({ name, upstreams }: FollowerRow, upstream: string | undefined): void {
  const known = upstreams.map((one) => one.upstream);
  if (upstream !== undefined && !known.includes(upstream))
    throw new UnknownUpstreamError(name, upstream, known);
}

function assertResettable(
  { name, label, reset, stateless }: FollowerDefinition,
  upstream: string | undefined,
  force: boolean,
): void {
  if (stateless) return;
  if (upstream !== undefined && !reset?.knowsUpstreams)
    throw new FollowerNotResettableError(
      name,
      `expected ${label} to have a method with @OnReset({ upstream: true }), which removes what it keeps of context.upstream alone. ` +
        'Without one all of it would be removed, and only one upstream replayed. Reset all upstreams, or add one.',
    );
  if (!reset && !force)
    throw new FollowerNotResettableError(
      name,
      `expected ${label} to have a method with @OnReset, which removes what it keeps, or to be declared { stateless: true }. ` +
        'Add one of these, or force it: what it keeps stays then, and what it replays comes on top of that.',
    );
}
