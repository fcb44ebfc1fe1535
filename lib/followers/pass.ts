import type { RecordedEvent } from '../core/event.js';
import type { FollowerRow } from '../store/followers/follower-rows.js';
import type { Stretch } from '../store/followers/stretch.js';
import type { StoredEvent } from '../store/ports/rows.js';
import type { Sql } from '../store/ports/sql.js';
import { FollowerShutdownError } from './errors.js';
import type { FollowerDefinition } from './follower-definition.js';
import { Handling } from './handling.js';
import { type Held, heldBack, setAside } from './held-back.js';
import { hasAhead, LanesAhead } from './lanes.js';
import type { PassParts } from './pass-parts.js';
import { TimeLimit } from './time-limit.js';
import { newUpstreams, streamOf } from './upstreams.js';

/** What one transaction is to do. */
export interface PassWork {
  readonly row: FollowerRow;
  readonly stretch: Stretch;
  /** Those in the stretch that the follower takes. */
  readonly events: readonly StoredEvent[];
  /** Told of each event when its methods have ended; the transaction may be rolled back yet. */
  readonly handled?: (event: RecordedEvent) => void;
  /** Of a round: the pass moves this lane, and not the follower. Undefined: it moves the follower. */
  readonly lane?: number;
}

/** What came of it. */
export interface Passed {
  readonly row: FollowerRow;
  /** Events whose methods were called. */
  readonly handled: number;
  /** Less than the end of the stretch where it had to end early. */
  readonly reached: number;
}

/** Somebody else has moved the position or changed the follower: nothing was done. */
export class LostPass extends Error {}

/** The transaction could not be begun, or was not since shutdown had: no method has been called. */
export class PassNotBegun extends Error {}

/** Starts after which the events of a stretch are passed one by one. */
export const ALONE = 2;

/** Runs the methods of one follower, so that what they write and how far it has come commit together. */
export class Pass {
  private readonly handling: Handling;

  constructor(
    private readonly follower: FollowerDefinition,
    private readonly parts: PassParts,
  ) {
    this.handling = new Handling(follower, parts);
  }

  /** In a transaction of its own. Throws `LostPass`, `PassNotBegun`, `EventFailed`, and what the database says. */
  run(work: PassWork): Promise<Passed> {
    return this.transaction((sql) => this.on(sql, work));
  }

  /** In that transaction, which has to be rolled back where it throws. */
  async on(sql: Sql, work: PassWork): Promise<Passed> {
    const { row, stretch, events } = work;
    if (!(await this.begun(sql, work))) throw new LostPass();
    const ahead = await this.ahead(sql, work);
    const held = await this.heldBack(sql, row, stretch, events);
    let [count, reached] = [0, stretch.to];
    await this.limited(async (limit) => {
      for (const [index, event] of events.entries()) {
        if (index > 0 && !this.follower.beforehand && this.parts.isStopping()) {
          reached = events[index - 1]!.position;
          await this.move(sql, work, { ...stretch, from: stretch.to, to: reached });
          break;
        }
        if (ahead.isDone(event) || (await this.setAside(sql, row, event, held(event)))) continue;
        const recorded = await this.handling.handle({ sql, row, ahead, limit }, event);
        if (recorded) work.handled?.(recorded);
        count++;
      }
    });
    if (work.lane !== undefined) return { handled: count, reached, row };
    const passed = events.filter(({ position }) => position <= reached);
    return {
      ...{ handled: count, reached },
      row: await this.after(sql, row, { ...stretch, to: reached }, passed),
    };
  }

  /** Moves what is to be moved, before anything else: others wait for that, or are held off. */
  private async begun(sql: Sql, work: PassWork): Promise<boolean> {
    const { row, stretch, lane } = work;
    if (lane !== undefined && !(await this.parts.tracking.holds(sql, row, stretch.upstreams))) return false;
    return this.move(sql, work, stretch);
  }

  private move(sql: Sql, { row, lane }: PassWork, stretch: Stretch): Promise<boolean> {
    const { tracking } = this.parts;
    return lane === undefined
      ? tracking.move(sql, row, stretch)
      : tracking.lanes.move(sql, row, lane, stretch);
  }

  /** What lanes of a round that was interrupted have handled; read when none of them can commit any more. */
  private async ahead(sql: Sql, { row, events, lane }: PassWork): Promise<LanesAhead> {
    if (lane !== undefined || events.length === 0 || !hasAhead(row)) return LanesAhead.none;
    return new LanesAhead(await this.parts.tracking.lanes.read(sql, row), this.follower.from);
  }

  /** A parked event, which is forgotten where that succeeds; `stream`: the one behind which others were put. */
  async retryParked(row: FollowerRow, event: StoredEvent, stream: string): Promise<void> {
    const { tracking, events } = this.parts;
    await this.transaction(async (sql) => {
      if (
        !(await tracking.changing(sql, row, row.revision)) ||
        !(await events.remove(sql, row, event.position))
      )
        throw new LostPass();
      await this.limited((limit) => this.handling.handle({ sql, row, ahead: LanesAhead.none, limit }, event));
      await events.release(sql, row, stream);
    });
  }

  /** Of which stream an event keeps others back where it is parked. */
  streamOf(event: StoredEvent): string {
    return this.follower.beforehand?.streamOf(event) ?? streamOf(event);
  }

  /** How events of a stretch are set aside. */
  heldBack(
    sql: Sql,
    row: FollowerRow,
    stretch: Stretch,
    events: readonly StoredEvent[],
  ): ReturnType<typeof heldBack> {
    return heldBack(this.parts.events, sql, row, stretch, events, (event) => this.streamOf(event));
  }

  private setAside(
    sql: Sql,
    row: FollowerRow,
    event: StoredEvent,
    state: Held | undefined,
  ): Promise<boolean> {
    return setAside(this.parts.events, sql, row, event, { state, stream: this.streamOf(event) });
  }

  private async limited<T>(work: (limit: TimeLimit) => Promise<T>): Promise<T> {
    const limit = new TimeLimit(this.follower, this.parts.signal);
    try {
      return await work(limit);
    } finally {
      limit.end();
    }
  }

  private async transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    let isBegun = false;
    const begin = async (sql: Sql) => {
      // What was done beforehand is to be done once, if that is possible.
      if (!this.follower.beforehand && this.parts.isStopping()) throw new FollowerShutdownError();
      isBegun = true;
      return work(sql);
    };
    try {
      return await this.parts.database.transactionOnce(begin, this.parts.seal);
    } catch (error) {
      throw isBegun ? error : new PassNotBegun('The transaction could not be begun', { cause: error });
    }
  }

  /** What is written when a stretch is passed, these events of it included, and the row as it is then. */
  async after(
    sql: Sql,
    row: FollowerRow,
    { to, upstreams }: Stretch,
    events: readonly StoredEvent[],
  ): Promise<FollowerRow> {
    const { tracking } = this.parts;
    const added = newUpstreams(row, events, this.follower.from);
    if (added.length > 0) await tracking.begin(sql, row, added, to);
    const replayUntil = row.upstreams.find(({ upstream }) => upstream === '')?.replayUntil ?? 0;
    const moved = row.upstreams.map((one) =>
      upstreams.includes(one.upstream) ? { ...one, position: to } : one,
    );
    const begun = added.map((upstream) => ({ upstream, position: to, replayUntil }));
    const ahead = await this.aheadBeyond(sql, row, to);
    return { ...(await this.cleared(sql, row, to)), ahead, upstreams: [...moved, ...begun] };
  }

  /** What lanes had gone beyond is over when the follower has come there, too. */
  private async aheadBeyond(sql: Sql, row: FollowerRow, to: number): Promise<FollowerRow['ahead']> {
    const { ahead } = row;
    if (!ahead || to < Math.max(ahead.done, ahead.replayed)) return ahead;
    await this.parts.tracking.lanes.clear(sql, row);
    return undefined;
  }

  /** What was noted of a failure, and of starts that nobody survived, is over when the pass has gone beyond it. */
  private async cleared(sql: Sql, row: FollowerRow, to: number): Promise<FollowerRow> {
    const { failure, isStopped, starts, suspectUntil } = row;
    const isOver = (failure && failure.position <= to) || (isStopped && !failure);
    if (!isOver && starts === 0) return row;
    const isUnsuspected = suspectUntil === undefined || to >= suspectUntil;
    await this.parts.tracking.set(sql, row, {
      ...(isOver
        ? {
            failed_position: null,
            attempts: 0,
            error: null,
            failed_at: null,
            retry_at: null,
            stopped_at: null,
          }
        : {}),
      starts: isUnsuspected ? 0 : ALONE,
      ...(isUnsuspected ? { suspect_until: null } : {}),
    });
    return {
      ...row,
      ...(isOver ? { failure: undefined, isStopped: false } : {}),
      starts: isUnsuspected ? 0 : ALONE,
      suspectUntil: isUnsuspected ? undefined : suspectUntil,
    };
  }
}
