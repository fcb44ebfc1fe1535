import { errorLine } from '../core/error-text.js';
import { harmless } from '../core/harmless.js';
import { type FollowerId, type FollowerRow, positionOf } from '../store/followers/follower-rows.js';
import { FollowerRebuildError, FollowerVersionError } from './errors.js';
import type { FollowerDefinition } from './follower-definition.js';
import type { FollowersParts } from './followers-parts.js';
import { obstacleOf, type Wish } from './versions.js';

/** How far a rebuild is. */
export interface RebuildProgress {
  readonly name: string;
  readonly position: number;
  /** The position to which the active version has come. */
  readonly until: number;
  /** Events that were handled by now. */
  readonly events: number;
}

export interface RebuildOptions {
  /** Only tells what would be done. Default false. */
  dryRun?: boolean;
  /** Also where the active version keeps events back: what it has not collected for these is left out. Default false. */
  force?: boolean;
  /** Told after each transaction. What it throws is told of in the log, and stops nothing. */
  onProgress?: (progress: RebuildProgress) => void;
  /** Aborted: ends after the transaction under way. */
  signal?: AbortSignal;
}

/** What a rebuild has done, or would do. */
export interface RebuildReport {
  readonly name: string;
  /** Of this process. */
  readonly version: number;
  /** The version that readers look at now. */
  readonly activeVersion: number;
  /** Where this version stood, and to which the active one has come. */
  readonly from: number;
  readonly until: number;
  /** Events that were handled; in a dry run those that would be. */
  readonly events: number;
  /** It was ended early, and goes on there the next time. */
  readonly interrupted: boolean;
}

/** Rebuilds followers of this process. */
export class Rebuilds {
  constructor(private readonly parts: FollowersParts) {}

  async run(name: string, options: RebuildOptions): Promise<RebuildReport> {
    const [follower] = this.parts.set.named([name]);
    const row = await this.row(follower!);
    if (!row.active) return report(row, row, 0);
    if (options.dryRun) return report(row, row, await this.count(follower!, row));
    return this.steps(follower!, row, options);
  }

  private async steps(
    follower: FollowerDefinition,
    first: FollowerRow,
    { force = false, onProgress, signal }: RebuildOptions,
  ): Promise<RebuildReport> {
    const run = this.parts.following.run(follower.name);
    const wish: Wish = force ? 'force' : 'asked';
    let [row, events, again] = [first, 0, true];
    while (row.active && !signal?.aborted) {
      const [from, horizon] = [row, await this.parts.logs.of(follower.from).decided()];
      let called = 0;
      const options = { again, handled: () => void called++, wish };
      const next = await run.alone(() => run.next(from, horizon, options));
      if (next.kind === 'failed' || next.kind === 'away') throw failed(from, next.error);
      if (next.kind === 'idle') throw failed(from, undefined, wish);
      again = again && next.kind !== 'lost' && row.parked === 0;
      row = next.kind === 'passed' ? next.row : await this.row(follower);
      // What was handled as it took its place is in no pass.
      if (next.kind === 'passed') events += next.handled;
      else if (!row.active) events += called;
      this.tell(onProgress, row, events);
    }
    return report(first, row, events, signal?.aborted);
  }

  /** Forgets a version. Throws `FollowerVersionError`. */
  async forget(id: FollowerId): Promise<void> {
    const { database, tracking, table } = this.parts;
    await database.transaction(async (sql) => {
      await tracking.changing(sql, id);
      const [row] = await table.lookOn(sql, [id]);
      const reason = row ? this.reasonToKeep(row) : 'there is no such version';
      const known = await table.versionsOn(sql, id.name);
      if (reason) throw new FollowerVersionError(id.name, id.version, reason, known);
      await table.remove(sql, id);
    });
  }

  private reasonToKeep({ name, version, active, isOwned }: FollowerRow): string | undefined {
    if (!active) return 'it is the active one, which readers look at. Rebuild another first';
    if (isOwned || this.parts.set.find(name)?.version === version)
      return 'a process has it still. End the processes of that version first';
    return undefined;
  }

  private async count(follower: FollowerDefinition, row: FollowerRow): Promise<number> {
    const log = this.parts.logs.of(follower.from);
    return log.count(positionOf(row), row.active!.front, follower.takes);
  }

  private async row({ name, version }: FollowerDefinition): Promise<FollowerRow> {
    return (await this.parts.table.look([{ name, version }]))[0]!;
  }

  private tell(onProgress: RebuildOptions['onProgress'], row: FollowerRow, events: number): void {
    const position = positionOf(row);
    const until = row.active?.front ?? position;
    harmless(
      () => onProgress?.({ name: row.name, position, until, events }),
      (error) => this.parts.logger.error(`A progress callback failed: ${String(error)}`),
    );
  }
}

function failed(row: FollowerRow, error: unknown, wish?: Wish): FollowerRebuildError {
  const { name, version, active } = row;
  const standing =
    obstacleOf(row, wish) ??
    `the log is decided up to an earlier position than version ${active!.version} has come to. Run it again`;
  const reason = error === undefined ? standing : errorLine(error);
  return new FollowerRebuildError(name, version, positionOf(row), reason, error);
}

function report(first: FollowerRow, row: FollowerRow, events: number, interrupted = false): RebuildReport {
  const { name, version } = row;
  const until = row.active?.front ?? positionOf(row);
  return {
    ...{ name, version, until, events },
    activeVersion: row.active?.version ?? version,
    from: positionOf(first),
    interrupted: interrupted && row.active !== undefined,
  };
}
