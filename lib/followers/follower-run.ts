import { causesOf } from '../core/causes.js';
import type { RecordedEvent } from '../core/event.js';
import type { Connectivity } from '../runtime/connectivity.js';
import { NoAnswerError } from '../runtime/deadline.js';
import type { FollowerRow } from '../store/followers/follower-rows.js';
import type { FollowerTable } from '../store/followers/follower-table.js';
import type { Stretch } from '../store/followers/stretch.js';
import { SessionEndedError } from '../store/ports/errors.js';
import type { Sql } from '../store/ports/sql.js';
import type { StoredEvent } from '../store/ports/rows.js';
import { FollowerProcessDiedError } from './errors.js';
import { verdict } from './failures.js';
import { isConflict } from './conflicts.js';
import { EventFailed } from './handling.js';
import { hasAhead, LanesAhead } from './lanes.js';
import type { FollowedLogs } from './logs/followed-logs.js';
import { NotDoneYet } from './beforehand.js';
import { cut, type Page } from './page.js';
import { Preparation } from './preparation.js';
import type { Next } from './next.js';
import { type SetbackParts, Setbacks } from './setbacks.js';
import type { FollowerDefinition } from './follower-definition.js';
import { ALONE, LostPass, Pass, PassNotBegun } from './pass.js';
import { type Round, type RoundParts, Rounds } from './rounds.js';
import { Takeover, type TakeoverParts } from './takeover.js';
import { isIn, nextStretch, upstreamOf } from './upstreams.js';
import { boundOf, mayTakeOver, type Wish } from './versions.js';

/** Times that a transaction is run again at once, or after its session ended, before that counts as a failed attempt. */
const PATIENCE = 5;
/** Of an event that is passed for itself. */
const NOWHERE: Stretch = { from: 0, to: 0, upstreams: [] };
/** Starts that nobody survived, after which each further one counts as a failed attempt. */
const DEADLY = 4;

export interface RunParts extends RoundParts, SetbackParts {
  readonly logs: FollowedLogs;
  readonly table: FollowerTable;
  readonly connectivity: Pick<Connectivity, 'explainsFailure'>;
}

export interface StepOptions {
  /** Also where it has stopped, or waits for a retry. */
  readonly again?: boolean;
  /** Told of each event when its methods have ended; the transaction may be rolled back yet. */
  readonly handled?: (event: RecordedEvent) => void;
  /** It is to become the active version, since somebody says so. */
  readonly wish?: Wish;
  /** Whoever asks for the step has taken a slot for it; false: it takes one for each transaction. Default: it takes none. */
  readonly hasSlot?: boolean;
}

/** One follower of this process, step by step: one transaction each. */
export class FollowerRun {
  readonly pass: Pass;
  private readonly setbacks: Setbacks;
  private readonly preparation: Preparation;
  private readonly takeover: Takeover;
  private readonly rounds: Rounds;
  private last: Promise<unknown> = Promise.resolve();
  private interruptions = 0;

  constructor(
    readonly follower: FollowerDefinition,
    private readonly parts: RunParts,
  ) {
    this.pass = new Pass(follower, parts);
    this.rounds = new Rounds(follower, parts, this.pass);
    this.setbacks = new Setbacks(follower, parts, this.pass);
    this.preparation = new Preparation(follower, parts, this.pass);
    const page: TakeoverParts['page'] = (row, stretch, sql) =>
      this.page(row, stretch, follower.batchSize, sql);
    this.takeover = new Takeover({ ...parts, page }, this.pass);
  }

  /** One at a time in this process: two would undo each other's passes. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.last.then(work);
    this.last = done.catch(() => undefined);
    return done;
  }

  /** Whether there is anything to do. */
  hasWork(row: FollowerRow, horizon: number): boolean {
    if (!this.mayGoOn(row, false)) return false;
    if ((row.parkedDueIn ?? Infinity) <= 0 || mayTakeOver(row)) return true;
    return this.stretchOf(row, horizon) !== undefined;
  }

  /** What it may pass next. */
  stretchOf(row: FollowerRow, horizon: number): Stretch | undefined {
    return nextStretch(row, boundOf(row, horizon));
  }

  /** The next step. Never rejects but with what nobody expected. */
  async next(row: FollowerRow, horizon: number, options: StepOptions = {}): Promise<Next> {
    const { again = false } = options;
    try {
      if (!this.mayGoOn(row, again)) return { kind: 'idle', row };
      const stretch = this.stretchOf(row, horizon);
      // Where a process has died of it lately, what else there is goes first: a parked event may be what it died of.
      const isFirst = row.starts === 0 || !stretch;
      if (isFirst && row.parked > 0 && (again || (row.parkedDueIn ?? Infinity) <= 0)) {
        const parked = await this.parked(row, options);
        if (parked) return parked;
      }
      if (stretch) return await this.step(row, stretch, options);
      return mayTakeOver(row, options.wish) ? await this.takeOver(row, options) : { kind: 'idle', row };
    } catch (error) {
      return error instanceof LostPass ? { kind: 'lost' } : { kind: 'away', error };
    }
  }

  /** A page of the stretch: up to where it reaches, and what the follower takes of it; with `sql`, as its transaction sees it. */
  async page(row: FollowerRow, stretch: Stretch, size: number, sql?: Sql): Promise<Page> {
    const { follower, parts } = this;
    const { from, to, upstreams } = stretch;
    const [only] = upstreams.length === 1 && upstreams[0] !== '' ? upstreams : [];
    const wish = { from, to, size, groups: follower.groups };
    const { events: page, reached } = await parts.logs
      .of(follower.from)
      .page({ ...wish, ...(only === undefined ? {} : { application: only }), ...(sql ? { sql } : {}) });
    const events = page.filter(
      (event) =>
        follower.takes(event.group) &&
        isIn(stretch, upstreamOf(event, follower.from), row) &&
        (follower.beforehand?.accepts(event) ?? true),
    );
    return { stretch: { ...stretch, to: reached }, events };
  }

  /** Its row is read again afterwards, whatever came of it. */
  private async takeOver(row: FollowerRow, options: StepOptions): Promise<Next> {
    const { wish, handled } = options;
    try {
      await this.inSlot(options, () => this.takeover.run(row, wish, handled));
      return { kind: 'lost' };
    } catch (error) {
      // The step that comes next does what is to be done about an event that failed.
      if (error instanceof EventFailed || this.isConflict(error)) return { kind: 'lost' };
      return (await this.interrupted(error)) ?? { kind: 'away', error };
    }
  }

  private mayGoOn({ isPaused, isStopped, failure }: FollowerRow, again: boolean): boolean {
    return !isPaused && (again || (!isStopped && (failure?.retryIn ?? 0) <= 0));
  }

  private async step(row: FollowerRow, whole: Stretch, options: StepOptions): Promise<Next> {
    const isAlone = row.failure !== undefined || row.starts >= ALONE;
    const size = this.rounds.batchSize(row);
    // Where a process has died of it, as much as it may have been at.
    const isWide = row.starts > 0 || this.rounds.mayBegin(row, whole);
    const page = await this.page(row, whole, isAlone ? 1 : size * (isWide ? this.follower.streams : 1));
    const round = this.rounds.of(row, page.stretch, page.events);
    if (round) return this.round(row, round, options);
    const { stretch, events } = await this.left(row, row.starts > 0 ? page : cut(page, size));
    const [first] = events;
    if (row.starts >= DEADLY && first) {
      const attempts = row.starts - DEADLY + 1;
      const error = new FollowerProcessDiedError(this.follower.name, first.position);
      if (verdict(this.follower, error, attempts, this.parts.random).kind !== 'retry')
        return this.setbacks.failed({ ...row, starts: ALONE }, { ...stretch, to: first.position }, first, {
          error,
          attempts,
        });
    }
    const started = row.starts > 0 ? await this.started(row, stretch) : row;
    return this.attempt(started, stretch, events, options);
  }

  /** Several streams side by side; then a pass takes what they have left, and the follower to the end of the round. */
  private async round(row: FollowerRow, round: Round, options: StepOptions): Promise<Next> {
    const { left, errors, handled, ...begun } = await this.inSlot(options, () =>
      this.rounds.run(row, round, { ...options, hasSlot: options.hasSlot !== undefined }),
    );
    for (const error of errors) {
      // What fails beside others is tried without them before that counts.
      if (error instanceof EventFailed || this.isConflict(error)) continue;
      const interrupted = await this.interrupted(error);
      if (interrupted) return interrupted;
    }
    const { stretch, events } = cut({ stretch: begun.stretch, events: left }, this.rounds.batchSize(row));
    const next = await this.attempt(begun.row, stretch, events, options);
    return next.kind === 'passed' ? { ...next, handled: next.handled + handled } : next;
  }

  /** Without what lanes of a round that was interrupted have handled. */
  private async left(row: FollowerRow, page: Page): Promise<Page> {
    if (page.events.length === 0 || !hasAhead(row)) return page;
    const { database, tracking } = this.parts;
    const places = await database.run((sql) => tracking.lanes.read(sql, row));
    const ahead = new LanesAhead(places, this.follower.from);
    return { ...page, events: page.events.filter((event) => !ahead.isDone(event)) };
  }

  private async started(row: FollowerRow, { to }: Stretch): Promise<FollowerRow> {
    const [starts, suspectUntil] = [row.starts + 1, row.suspectUntil ?? to];
    await this.parts.table.started(row, starts, suspectUntil);
    return { ...row, starts, suspectUntil };
  }

  private async attempt(
    row: FollowerRow,
    stretch: Stretch,
    events: readonly StoredEvent[],
    options: StepOptions,
  ): Promise<Next> {
    const handled = options.handled ? { handled: options.handled } : {};
    for (let conflicts = 0; ; conflicts++) {
      try {
        const part = await this.preparation.done(row, stretch, events);
        const passed = await this.inSlot(options, () => this.pass.run({ row, ...part, ...handled }));
        this.interruptions = 0;
        this.follower.beforehand?.passed(part.events);
        this.parts.telemetry.passed(this.follower.name, passed.handled);
        return { kind: 'passed', ...passed };
      } catch (error) {
        if (this.isConflict(error) && conflicts < PATIENCE && !this.parts.signal.aborted) continue;
        // Nobody has died of it: that is no start to be counted.
        if (error instanceof NotDoneYet && row.suspectUntil !== undefined)
          await this.parts.table.started(row, row.starts - 1, row.suspectUntil);
        return (await this.interrupted(error)) ?? this.split(row, stretch, events, { error, options });
      }
    }
  }

  /** What is no failure of an event: undefined where it is one. */
  private async interrupted(error: unknown): Promise<Next | undefined> {
    if (error instanceof LostPass) return { kind: 'lost' };
    if (error instanceof NotDoneYet) return { kind: 'away', error: error.cause, told: true };
    if (error instanceof PassNotBegun || this.parts.signal.aborted) return { kind: 'away', error };
    const isCut = causesOf(error).some(
      (cause) => cause instanceof SessionEndedError || cause instanceof NoAnswerError,
    );
    if (isCut && this.interruptions++ < PATIENCE) return { kind: 'away', error };
    return (await this.parts.connectivity.explainsFailure()) ? { kind: 'away', error } : undefined;
  }

  /** What comes before the event that failed is passed without it; where nobody can tell which did, the first half is. */
  private async split(
    row: FollowerRow,
    stretch: Stretch,
    events: readonly StoredEvent[],
    { error, options }: { error: unknown; options: StepOptions },
  ): Promise<Next> {
    if (events.length === 0) return { kind: 'away', error };
    const isKnown = error instanceof EventFailed;
    const index = isKnown ? events.indexOf(error.event) : Math.floor(events.length / 2);
    const event = events[Math.max(index, 0)]!;
    const reason = isKnown ? error.cause : error;
    const before = { ...stretch, to: event.position - 1 };
    if (index <= 0) {
      const attempts = (row.failure?.position === event.position ? row.failure.attempts : 0) + 1;
      return this.setbacks.failed(row, { ...stretch, to: event.position }, event, {
        error: reason,
        attempts,
      });
    }
    const passed = await this.attempt(row, before, events.slice(0, index), options);
    if (passed.kind !== 'passed' || !isKnown) return passed;
    const rest = { ...stretch, from: before.to, to: event.position };
    const next = await this.setbacks.failed(passed.row, rest, event, { error: reason, attempts: 1 });
    return next;
  }

  /** The first parked event that is due; undefined where none is. */
  private async parked(row: FollowerRow, options: StepOptions): Promise<Next | undefined> {
    const always = options.again ?? false;
    const parked = await this.setbacks.due(row, always);
    if (!parked) return undefined;
    const own = parked.event ? await this.setbacks.putOff(row, parked) : row;
    if (!own) return { kind: 'lost' };
    const events = parked.event ? [parked.event] : [];
    try {
      await this.preparation.done({ ...own, toSkip: 0, parked: 0 }, NOWHERE, events);
      await this.inSlot(options, () => this.setbacks.retry(own, parked));
      this.follower.beforehand?.passed(events);
      this.parts.telemetry.passed(this.follower.name, events.length);
      return { kind: 'lost' };
    } catch (error) {
      const interrupted = await this.interrupted(error);
      if (interrupted?.kind === 'away') await this.setbacks.putBack(own, parked).catch(() => undefined);
      if (interrupted || !parked.event) return interrupted ?? { kind: 'away', error };
      const reason = await this.setbacks.failedAgain(own, parked, parked.event, error);
      return always ? { kind: 'failed', row: own, error: reason } : { kind: 'lost' };
    }
  }

  /** A transaction, with a slot of its own where whoever asks for the step has none. */
  private inSlot<T>({ hasSlot }: StepOptions, work: () => Promise<T>): Promise<T> {
    return hasSlot === false ? this.parts.slots.use(work) : work();
  }

  private isConflict(error: unknown): boolean {
    return isConflict(this.parts.database, error);
  }
}
