import { describe } from '../core/describe.js';
import { InvalidOptionError } from '../core/errors.js';
import type { RecordedEvent } from '../core/event.js';
import { harmless } from '../core/harmless.js';
import type { FollowerRow } from '../store/followers/follower-rows.js';
import type { Sql } from '../store/ports/sql.js';
import { UpstreamUnreadableError } from './errors.js';
import type { FollowerDefinition } from './follower-definition.js';
import type { FollowersParts } from './followers-parts.js';
import { EventFailed } from './handling.js';

/** How far a sync is. */
export type SyncProgress =
  | { readonly type: 'started'; readonly name: string; readonly index: number; readonly total: number }
  /** Its methods have ended; its transaction may be rolled back yet. */
  | { readonly type: 'event'; readonly name: string; readonly event: RecordedEvent }
  | {
      readonly type: 'ended';
      readonly name: string;
      readonly index: number;
      readonly total: number;
      readonly report: SyncReport;
    };

export interface SyncOptions {
  /** Which followers of this process. Default: all. */
  names?: readonly string[];
  /** Handles everything in one transaction for each, and rolls it back; what happens outside of the database is not. Default false. */
  dryRun?: boolean;
  /** What it throws is told of in the log, and stops nothing. */
  onProgress?: (progress: SyncProgress) => void;
}

/** What came of one follower's sync. */
export interface SyncReport {
  readonly name: string;
  /** Events that it handled. */
  readonly events: number;
  /** Why it did not come to the end; absent where it did. */
  readonly error?: unknown;
}

/** A dry run is over: what it has done is rolled back. */
class DryRunEnded extends Error {}

/** Syncs followers of this process once. */
export class Syncs {
  constructor(private readonly parts: FollowersParts) {}

  async run({ names, dryRun = false, onProgress }: SyncOptions): Promise<SyncReport[]> {
    if (names !== undefined && !Array.isArray(names))
      throw new InvalidOptionError('names', 'an array of names', describe(names), 'Followers.sync');
    const chosen = this.parts.set.named(names);
    const tell = (progress: SyncProgress) => this.tell(progress, onProgress);
    const reports: SyncReport[] = [];
    for (const [at, follower] of chosen.entries()) {
      const place = { name: follower.name, index: at + 1, total: chosen.length };
      tell({ type: 'started', ...place });
      const report = await this.one(follower, dryRun, (event) =>
        tell({ type: 'event', name: follower.name, event }),
      );
      tell({ type: 'ended', ...place, report });
      reports.push(report);
    }
    return reports;
  }

  /** Does what is due of one, as its process would, and leaves what waits for a retry; returns how many events it handled. */
  async due(follower: FollowerDefinition): Promise<SyncReport> {
    try {
      return await this.steps(follower, () => undefined, false);
    } catch (error) {
      // Its log tells of that itself.
      if (error instanceof UpstreamUnreadableError) return { name: follower.name, events: 0, error };
      throw error;
    }
  }

  private async one(
    follower: FollowerDefinition,
    dryRun: boolean,
    handled: (event: RecordedEvent) => void,
  ): Promise<SyncReport> {
    try {
      return dryRun ? await this.rehearse(follower, handled) : await this.steps(follower, handled, true);
    } catch (error) {
      return { name: follower.name, events: 0, error };
    }
  }

  private async steps(
    follower: FollowerDefinition,
    handled: (event: RecordedEvent) => void,
    isAsked: boolean,
  ): Promise<SyncReport> {
    const { following, logs } = this.parts;
    const { name } = follower;
    const run = following.run(name);
    const upTo = await logs.of(follower.from).decided();
    let [events, again] = [0, isAsked];
    let row = await this.row(follower);
    for (;;) {
      if (isAsked && row.isPaused)
        return { name, events, error: new Error(`Follower ${name} is paused: resume it first.`) };
      const options = { again, handled };
      const from = row;
      const next = await run.alone(() => run.next(from, upTo, options));
      if (next.kind === 'away') return { name, events, error: next.error };
      if (next.kind === 'failed') return { name, events, ...(isAsked ? { error: next.error } : {}) };
      if (next.kind === 'idle') return { name, events };
      if (next.kind === 'passed') events += next.handled;
      row = next.kind === 'passed' ? next.row : await this.row(follower);
      // What stopped it has had its chance.
      again = again && next.kind !== 'lost' && row.parked === 0;
    }
  }

  private async rehearse(
    follower: FollowerDefinition,
    handled: (event: RecordedEvent) => void,
  ): Promise<SyncReport> {
    const { following, database, logs } = this.parts;
    const upTo = await logs.of(follower.from).decided();
    const report = { name: follower.name, events: 0 };
    const run = following.run(follower.name);
    const rehearsal = async (sql: Sql) => {
      report.events = await this.all(follower, sql, upTo, handled);
      throw new DryRunEnded();
    };
    try {
      // It waits for its turn without a connection: on a small pool, who has the turn may be waiting for that one.
      await run.alone(() => database.transactionOnce(rehearsal, this.parts.seal));
    } catch (error) {
      if (error instanceof DryRunEnded) return report;
      return { ...report, error: error instanceof EventFailed ? error.cause : error };
    }
    return report;
  }

  private async all(
    follower: FollowerDefinition,
    sql: Sql,
    upTo: number,
    handled: (event: RecordedEvent) => void,
  ): Promise<number> {
    const run = this.parts.following.run(follower.name);
    let events = 0;
    let row = (await this.parts.table.lookOn(sql, [follower]))[0]!;
    for (let whole = run.stretchOf(row, upTo); whole; whole = run.stretchOf(row, upTo)) {
      const page = await run.page(row, whole, follower.batchSize, sql);
      const passed = await run.pass.on(sql, { row, ...page, handled });
      events += passed.handled;
      row = passed.row;
    }
    return events;
  }

  private async row(follower: FollowerDefinition): Promise<FollowerRow> {
    return (await this.parts.table.look([follower]))[0]!;
  }

  private tell(progress: SyncProgress, onProgress: SyncOptions['onProgress']): void {
    if (!onProgress) return;
    harmless(
      () => onProgress(progress),
      (error) => this.parts.logger.error(`A progress callback failed: ${String(error)}`),
    );
  }
}
