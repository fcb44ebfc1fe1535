import type { EntityManager } from 'typeorm';
import { describe } from '../core/describe.js';
import { type Duration, timerMilliseconds } from '../core/duration.js';
import { InvalidOptionError } from '../core/errors.js';
import type { RecordedEvent } from '../core/event.js';
import { assertKnownOptions } from '../core/options/known-options.js';
import { FollowerEventState } from '../store/followers/follower-events.js';
import { type FollowerRow, positionOf } from '../store/followers/follower-rows.js';
import { TransactionRequiredError } from '../store/ports/errors.js';
import type { Sql } from '../store/ports/sql.js';
import { FollowerTimeoutError, UnknownFollowerError } from './errors.js';
import { FollowersGraph, graphSource } from './graph/followers-graph.js';
import type { FollowersParts } from './followers-parts.js';
import type { FollowerStatus } from './follower-status.js';
import { currentStatus } from './logs/current-status.js';
import { Moves } from './moves.js';
import { type RebuildOptions, type RebuildReport, Rebuilds } from './rebuilds.js';
import { type ResetOptions, type ResetReport, Resets } from './resets.js';
import { type SyncOptions, type SyncReport, Syncs } from './syncs.js';

/** Milliseconds between two looks at what another process follows. */
const LOOK = 50;

/** What followers there are, how far they have come, and what somebody wants them to do: in all processes. */
export class Followers {
  private readonly syncs: Syncs;
  private readonly resets: Resets;
  private readonly rebuilds: Rebuilds;
  private readonly moves: Moves;

  constructor(private readonly parts: FollowersParts) {
    this.syncs = new Syncs(parts);
    this.resets = new Resets(parts);
    this.rebuilds = new Rebuilds(parts);
    this.moves = new Moves(parts);
  }

  /** All that any process has had, each in the version of this process or, where it has none of that name, the active one. */
  async list(): Promise<FollowerStatus[]> {
    const rows = await this.parts.table.look();
    const chosen = [...new Set(rows.map(({ name }) => name))].map((name) => this.chosen(rows, name)!);
    return Promise.all(chosen.map((row) => this.statusOf(row)));
  }

  /** Throws `UnknownFollowerError`. */
  async status(name: string): Promise<FollowerStatus> {
    return this.statusOf(await this.row(name));
  }

  /**
   * The version whose tables readers are to look at. With `manager`, as its transaction sees it: ask once in a transaction, and read
   * that version's tables throughout. Throws `UnknownFollowerError`, and `TransactionRequiredError` for a manager that is in none.
   */
  async activeVersion(name: string, { manager }: { manager?: EntityManager } = {}): Promise<number> {
    const { database, table } = this.parts;
    const runner = manager?.queryRunner;
    if (manager && !runner?.isTransactionActive) throw new TransactionRequiredError();
    const version = await (runner
      ? table.actives.read(database.on(runner), name)
      : database.run((sql) => table.actives.read(sql, name)));
    return version ?? (await this.row(name)).version;
  }

  /** Handles nothing more, in whatever process and version, until `resume`; resolves when no transaction of it is open any more. */
  async pause(name: string): Promise<void> {
    await this.change(name, async (sql, row) => {
      const paused = { paused_at: await this.parts.tracking.now(sql) };
      await this.parts.tracking.set(sql, row, paused);
      await this.ofOthers(sql, row, paused);
    });
  }

  /** Goes on after `pause`, after it has stopped, and at once where it waits for a retry. */
  async resume(name: string): Promise<void> {
    await this.change(name, async (sql, row) => {
      await this.parts.tracking.set(sql, row, {
        ...{ paused_at: null, stopped_at: null, attempts: 0, error: null },
        ...{ failed_position: null, failed_at: null, retry_at: null },
      });
      await this.ofOthers(sql, row, { paused_at: null });
    });
  }

  /**
   * Leaves out the event at this position: one that failed, one that is parked, or one that the follower has not come to; then it
   * goes on. Throws `FollowerPositionError` where there is none, or where it was handled.
   */
  async skip(name: string, position: number): Promise<void> {
    assertPosition(position, 'Followers.skip');
    await this.moves.skip(await this.row(name), position, this.change.bind(this, name));
  }

  /**
   * Goes on behind this position, in all upstreams: what lies between is left out, or handled again with `context.replaying`.
   * Throws `FollowerPositionError` beyond the end of the log.
   */
  async moveTo(name: string, position: number): Promise<void> {
    if (position !== 0) assertPosition(position, 'Followers.moveTo');
    await this.moves.moveTo(await this.row(name), position, this.change.bind(this, name));
  }

  /**
   * Brings followers of this process up to where the log is decided now, whether any process follows or not: each its own chance,
   * so that one that fails neither holds up nor undoes another. Throws `UnknownFollowerError` and nothing else.
   */
  async sync(options: SyncOptions = {}): Promise<SyncReport[]> {
    assertKnownOptions(options, ['names', 'dryRun', 'onProgress'], 'Followers.sync');
    return this.parts.inOwnContext(() => this.syncs.run(options));
  }

  /**
   * Forgets how far a follower of this process has come, in all upstreams or in one, in one transaction with its `@OnReset` method.
   * Throws `UnknownFollowerError`, `UnknownUpstreamError`, `FollowerNotResettableError`, and what the method throws.
   */
  async reset(name: string, options: ResetOptions = {}): Promise<ResetReport> {
    assertKnownOptions(options, ['upstream', 'dryRun', 'force'], 'Followers.reset');
    const row = await this.row(name);
    const report = await this.parts.inOwnContext(() => this.resets.run(row, options));
    this.parts.following.wake();
    return report;
  }

  /**
   * Brings the version of a follower that this process has as far as the active one, and puts it in its place, whether any process
   * follows or not: for one that is new, and for going back to an earlier one. Throws `UnknownFollowerError`, and `FollowerRebuildError` where
   * something keeps it from that; then readers look at the version that was active.
   */
  async rebuild(name: string, options: RebuildOptions = {}): Promise<RebuildReport> {
    assertKnownOptions(options, ['dryRun', 'force', 'onProgress', 'signal'], 'Followers.rebuild');
    const report = await this.parts.inOwnContext(() => this.rebuilds.run(name, options));
    this.parts.following.wake();
    return report;
  }

  /**
   * Forgets a version that was left: how far it has come, what it has parked and skipped; retention waits for it no more. Its tables are the
   * application's to drop. Throws `UnknownFollowerError`, and `FollowerVersionError` for the active version and for one that a process has.
   */
  async forgetVersion(name: string, version: number): Promise<void> {
    await this.row(name);
    await this.rebuilds.forget({ name, version });
  }

  /**
   * Resolves when the active version of the follower has handled, in whatever process, everything up to the position, or up to the event.
   * `timeout` defaults to 10 s. Throws `UnknownFollowerError`, and `FollowerTimeoutError` when it has not by then.
   */
  async waitFor(
    name: string,
    target: number | Pick<RecordedEvent, 'position'>,
    { timeout = '10s' }: { timeout?: Duration } = {},
  ): Promise<void> {
    const where = 'Followers.waitFor';
    const position = typeof target === 'number' ? target : target?.position;
    if (position !== 0) assertPosition(position, where);
    const limit = timerMilliseconds(timeout, 'timeout', where);
    const deadline = performance.now() + limit;
    for (;;) {
      const row = await this.activeRow(name);
      const reached = positionOf(row);
      if (reached >= position && !(await this.isParked(row, position))) return;
      const left = deadline - performance.now();
      if (left <= 0) {
        const state = [(await this.statusOf(row)).state, row.failure && firstLine(row.failure.error)]
          .filter(Boolean)
          .join(', ');
        throw new FollowerTimeoutError(name, position, reached, limit, state);
      }
      await this.parts.following.places.reached(name, position, Math.min(left, LOOK));
    }
  }

  /**
   * The followers of all processes, what they take and collect, and who follows whom. What a follower collects is known by its option `emits`,
   * else by the last 1,000 events whose keys the library made for it.
   */
  async graph(): Promise<FollowersGraph> {
    const { set, table, views } = this.parts;
    const names = new Set([...set.all, ...(await table.look())].map(({ name }) => name));
    const recorded = await views.collected([...names]);
    return new FollowersGraph(
      [...names].map((name) => graphSource(name, set.find(name), recorded.get(name)!)),
    );
  }

  /** @internal Does what is due of the followers of this process; resolves with how many events were handled. */
  async runDue(): Promise<number> {
    let handled = 0;
    await this.parts.inOwnContext(async () => {
      for (const follower of this.parts.set.all) handled += (await this.syncs.due(follower)).events;
    });
    return handled;
  }

  private async isParked(row: FollowerRow, position: number): Promise<boolean> {
    if (row.parked === 0) return false;
    const noted = await this.parts.database.run((sql) => this.parts.events.at(sql, row, position));
    return noted?.state === FollowerEventState.parked;
  }

  private async statusOf(row: FollowerRow): Promise<FollowerStatus> {
    return currentStatus(this.parts, row);
  }

  /** Within the change of one version: the others have no open pass then, and get these values too. */
  private async ofOthers(
    sql: Sql,
    { name, version }: FollowerRow,
    values: { paused_at: number | null },
  ): Promise<void> {
    const { tracking, table } = this.parts;
    const versions = await table.versionsOn(sql, name);
    for (const other of versions.filter((one) => one !== version).reverse()) {
      await tracking.changing(sql, { name, version: other });
      await tracking.set(sql, { name, version: other }, values);
    }
  }

  private async change(name: string, work: (sql: Sql, row: FollowerRow) => Promise<unknown>): Promise<void> {
    const row = await this.row(name);
    const { database, tracking, table } = this.parts;
    await this.parts.inOwnContext(() =>
      database.transaction(async (sql) => {
        await tracking.changing(sql, row);
        // What a pass that was under way has come to meanwhile.
        const [now = row] = await table.lookOn(sql, [row]);
        await work(sql, now);
      }),
    );
    this.parts.following.wake();
  }

  private async row(name: string, chosen = this.chosen.bind(this)): Promise<FollowerRow> {
    const rows = await this.parts.table.look();
    const row = chosen(rows, name);
    if (row) return row;
    const known = [...new Set([...this.parts.set.all, ...rows].map((one) => one.name))];
    throw new UnknownFollowerError([name], known);
  }

  private activeRow(name: string): Promise<FollowerRow> {
    return this.row(name, (rows) => rows.find((row) => row.name === name && !row.active));
  }

  private chosen(rows: readonly FollowerRow[], name: string): FollowerRow | undefined {
    const version = this.parts.set.find(name)?.version;
    const own = rows.filter((row) => row.name === name);
    return own.find((row) => row.version === version) ?? own.find(({ active }) => !active) ?? own.at(-1);
  }
}

function firstLine(text: string): string {
  return text.split('\n')[0]!;
}

function assertPosition(position: unknown, where: string): void {
  if (Number.isSafeInteger(position) && (position as number) >= 1) return;
  throw new InvalidOptionError(
    'position',
    'a position in the log, or an event that was recorded',
    describe(position),
    where,
  );
}
