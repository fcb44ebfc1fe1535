import type { Row } from '../ports/sql.js';
import { optionalNumber } from '../ports/sql.js';

/** One version of one follower. */
export interface FollowerId {
  readonly name: string;
  readonly version: number;
}

/** A follower that is to have a row. */
export interface NewFollower extends FollowerId {
  /** The other log that it follows. Default: its own. */
  readonly from?: string | undefined;
}

/** How far a follower has come in one upstream: another log, or an application of aggregates, or `''` for all other events. */
export interface UpstreamPosition {
  readonly upstream: string;
  readonly position: number;
  /** Up to there it had come before it was reset; 0: it never was. */
  readonly replayUntil: number;
}

/** What is kept of an event that failed, until a pass goes beyond it. */
export interface FollowerFailure {
  readonly position: number;
  /** Attempts that failed. */
  readonly attempts: number;
  readonly error: string;
  /** Epoch milliseconds. */
  readonly failedAt: number;
  /** Milliseconds until it is tried again; 0 or less: it is due. */
  readonly retryIn: number;
}

/** The version of a follower that readers look at. */
export interface ActiveVersion {
  readonly version: number;
  /** The highest that ever was the active one. */
  readonly highest: number;
  /** Up to there it has handled everything once, also where it was reset since. */
  readonly front: number;
  readonly isPaused: boolean;
  /** A process that lives has taken it on. */
  readonly isOwned: boolean;
  /** Events that it keeps back. */
  readonly parked: number;
}

/** Up to where lanes may have gone beyond the position: 0 where none has. */
export interface Ahead {
  /** In a round that has not ended: what they have handled there is done. */
  readonly done: number;
  /** In a round that a reset has ended: what they have handled there is handled again, as replayed. */
  readonly replayed: number;
}

/** A follower as it stands in the tables. */
export interface FollowerRow extends FollowerId {
  /** Where another version of it is the active one: which, and how far that has come. Undefined: this one is. */
  readonly active: ActiveVersion | undefined;
  /** The lease of the process that follows; undefined: nobody's. */
  readonly owner: number | undefined;
  /** That lease is held still. */
  readonly isOwned: boolean;
  readonly isPaused: boolean;
  /** It gave up an event, and goes on when somebody says so. */
  readonly isStopped: boolean;
  /** Passes that processes did not survive, as far as anybody noticed; 0 nearly always. */
  readonly starts: number;
  /** The pass that its process did not survive went up to there; undefined where that is not known. */
  readonly suspectUntil: number | undefined;
  readonly failure: FollowerFailure | undefined;
  /** Changed whenever a pass that began before must not commit. */
  readonly revision: number;
  readonly upstreams: readonly UpstreamPosition[];
  /** Undefined nearly always: a round is under way, or was interrupted. */
  readonly ahead: Ahead | undefined;
  /** Events that wait behind one that failed, and that one. */
  readonly parked: number;
  /** Milliseconds until the first parked event is tried again; undefined: none is parked. */
  readonly parkedDueIn: number | undefined;
  /** Events that somebody asked to be skipped and no pass has come to. */
  readonly toSkip: number;
  readonly skipped: number;
}

/** What a row is while it has no upstream: of `followerRows`. */
function rowWithout(row: Row): Omit<FollowerRow, 'upstreams'> {
  const number = (name: string) => Number(row[name] ?? 0);
  const owner = optionalNumber(row.owner);
  const failed = optionalNumber(row.failed_position);
  return {
    active: activeVersion(row),
    name: row.name as string,
    version: number('version'),
    owner,
    isOwned: owner !== undefined && row.lease_held !== null && number('lease_held') === 1,
    isPaused: row.paused_at !== null,
    isStopped: row.stopped_at !== null,
    starts: number('starts'),
    suspectUntil: optionalNumber(row.suspect_until),
    failure:
      failed === undefined
        ? undefined
        : {
            position: failed,
            attempts: number('attempts'),
            error: (row.error as string | null) ?? '',
            failedAt: number('failed_at'),
            retryIn: number('retry_in'),
          },
    revision: number('revision'),
    ahead: ahead(row),
    parked: number('parked'),
    parkedDueIn: optionalNumber(row.parked_due_in),
    toSkip: number('to_skip'),
    skipped: number('skipped'),
  };
}

function ahead(row: Row): Ahead | undefined {
  const [done, replayed] = [optionalNumber(row.ahead_done), optionalNumber(row.ahead_replayed)];
  if (done === undefined && replayed === undefined) return undefined;
  return { done: done ?? 0, replayed: replayed ?? 0 };
}

function activeVersion(row: Row): ActiveVersion | undefined {
  const version = optionalNumber(row.active_version);
  if (version === undefined || version === Number(row.version)) return undefined;
  return {
    version,
    highest: Number(row.active_highest),
    front: Number(row.active_front ?? 0),
    isPaused: row.active_paused_at !== null,
    isOwned: row.active_held !== null && Number(row.active_held) === 1,
    parked: Number(row.active_parked ?? 0),
  };
}

/** One row for each follower, of one for each follower and upstream, which come together. */
export function followerRows(rows: readonly Row[]): FollowerRow[] {
  const found: (FollowerRow & { upstreams: UpstreamPosition[] })[] = [];
  for (const row of rows) {
    const last = found.at(-1);
    const isSame = last?.name === row.name && last?.version === Number(row.version);
    const upstream = {
      upstream: row.upstream as string,
      position: Number(row.position),
      replayUntil: Number(row.replay_until),
    };
    if (last && isSame) last.upstreams.push(upstream);
    else found.push({ ...rowWithout(row), upstreams: [upstream] });
  }
  return found;
}

/** Where it has come in all of its upstreams. */
export function positionOf({ upstreams }: Pick<FollowerRow, 'upstreams'>): number {
  return Math.min(...upstreams.map(({ position }) => position));
}
