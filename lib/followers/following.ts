import { AsyncLocalStorage } from 'node:async_hooks';
import { errorLine } from '../core/error-text.js';
import { Coalesced } from '../runtime/coalesced.js';
import type { Connectivity } from '../runtime/connectivity.js';
import { settledWithin } from '../runtime/deadline.js';
import { nextPoll } from '../runtime/polling.js';
import { Slots } from '../runtime/slots.js';
import type { Horizon } from '../store/db/horizon.js';
import { type FollowerRow, positionOf } from '../store/followers/follower-rows.js';
import { FollowerShutdownError, UpstreamUnreadableError } from './errors.js';
import { FollowerRun, type RunParts } from './follower-run.js';
import type { FollowerSet } from './follower-set.js';
import { hindrances } from './hindrances.js';
import type { OtherLog } from './logs/other-log.js';
import type { Next } from './next.js';
import { Places } from './places.js';

type Away = Extract<Next, { kind: 'away' }>;

/** Milliseconds between two looks, at least. */
const GAP = 2;
/** Milliseconds after the database did not do its part. */
const PAUSE = 1000;

export interface FollowingParts extends Omit<RunParts, 'isStopping' | 'signal' | 'connectivity' | 'slots'> {
  readonly set: FollowerSet;
  readonly horizon: Pick<Horizon, 'advance'>;
  readonly connectivity: Pick<Connectivity, 'explainsFailure' | 'isLost' | 'reachable' | 'unlessLost'>;
  /** The lease that this process has as a worker. Rejects where it can have none. */
  readonly lease: () => Promise<number>;
  /** Milliseconds between two looks where nobody tells of anything. */
  readonly interval: number;
  /** Transactions at a time. */
  readonly limit: () => number;
  /** Milliseconds that a pass has to end by itself at shutdown. */
  readonly shutdownTimeout: number;
}

/**
 * All followers of a process. They share one look for each interval: the horizon, and the rows of all of them. Whoever has
 * something to do then goes step by step until it has come to the horizon.
 */
export class Following {
  readonly places = new Places();
  private readonly runs = new Map<string, FollowerRun>();
  private readonly rows = new Map<string, FollowerRow>();
  private readonly busy = new Map<string, Promise<void>>();
  private readonly stopping = new AbortController();
  private readonly looking = new Coalesced(
    () => this.look().catch((error: unknown) => this.complain('Looking for events', error)),
    () => GAP,
  );
  private readonly slots: Slots;
  /** Followers for which the database did not do its part, until then. */
  private readonly restsUntil = new Map<string, number>();
  private timer?: NodeJS.Timeout;
  private pause: number;
  private owner?: number;
  private isStarted = false;
  /** Nothing is begun any more. */
  isStopped = false;
  /** The position that somebody said is in the log. */
  private told = 0;
  /** The rows are to be read, too, since others may have changed them. */
  private isStale = true;
  private lookedAt = -Infinity;
  /** What wakes it is no part of its work: nor is a transaction that the waker is in. */
  private readonly inOwnContext = AsyncLocalStorage.snapshot() as <T>(work: () => T) => T;

  constructor(private readonly parts: FollowingParts) {
    this.pause = parts.interval;
    this.slots = new Slots(parts.limit);
  }

  run(name: string): FollowerRun {
    const known = this.runs.get(name);
    if (known) return known;
    const { signal } = this.stopping;
    const run = new FollowerRun(this.parts.set.find(name)!, {
      ...this.parts,
      signal,
      slots: this.slots,
      isStopping: () => this.isStopped,
    });
    this.runs.set(name, run);
    return run;
  }

  /** Why followers of this process do not go on, in words. */
  get failure(): string | undefined {
    return hindrances([...this.rows.values()], (name) => this.otherOf(name)?.trouble);
  }

  get waitsFor(): string {
    return `followers that are in a transaction: ${[...this.busy.keys()].join(', ')}`;
  }

  start(): void {
    if (this.parts.set.size === 0) return;
    this.isStarted = true;
    this.wake();
  }

  /** Begins no further event, waits for those under way, and lets others have its followers. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.parts.logs.stop();
    clearTimeout(this.timer);
    // Passes that somebody else has begun, too.
    const others = [...this.runs.values()].map((run) => run.alone(async () => undefined));
    const ended = Promise.all([...this.busy.values(), ...others]);
    if (!(await settledWithin(ended, this.parts.shutdownTimeout)))
      this.stopping.abort(new FollowerShutdownError());
    await ended;
    const { owner } = this;
    if (owner !== undefined && !this.parts.connectivity.isLost) await this.parts.table.release(owner);
  }

  /** Events of these groups are in the log, up to that position; undefined: nobody knows which. */
  grown(groups: Iterable<string> | undefined, position = 0): void {
    this.told = Math.max(this.told, position);
    if (!this.isStarted || this.isStopped) return;
    const all = groups && [...groups];
    if (
      !all ||
      all.some((group) => this.parts.set.all.some(({ takes, from }) => from === undefined && takes(group)))
    )
      this.looking.request();
  }

  /** Followers may have been changed. */
  wake(): void {
    this.isStale = true;
    if (this.isStarted && !this.isStopped) this.looking.request();
  }

  /** What is known of followers counts no more: their rows were made again. */
  forget(): void {
    this.rows.clear();
    this.told = 0;
    this.goOn();
  }

  /** What they waited for is back: none of them rests any longer. */
  goOn(): void {
    this.restsUntil.clear();
    this.wake();
  }

  private look(): Promise<void> {
    return this.inOwnContext(async () => {
      const { connectivity, horizon, interval, table, set } = this.parts;
      await connectivity.reachable();
      if (this.isStopped) return;
      clearTimeout(this.timer);
      try {
        const reached = await horizon.advance();
        const isRegular = performance.now() - this.lookedAt >= interval - GAP;
        if (this.isStale || isRegular) {
          this.isStale = false;
          this.lookedAt = performance.now();
          for (const row of await table.look(set.all)) this.saw(row);
        }
        const found = (await this.begin(reached)) || reached < this.told;
        this.pause = nextPoll(this.pause, found, interval);
      } finally {
        this.schedule();
      }
    });
  }

  private schedule(): void {
    if (this.isStopped) return;
    const retries = [...this.rows.values()].flatMap(({ failure, parkedDueIn, isStopped }) => [
      ...(failure && !isStopped && failure.retryIn > 0 ? [failure.retryIn] : []),
      ...(parkedDueIn !== undefined && parkedDueIn > 0 ? [parkedDueIn] : []),
    ]);
    const rests = [...this.restsUntil.values()]
      .map((until) => until - performance.now())
      .filter((left) => left > 0);
    const soonest = Math.max(GAP, Math.min(this.pause, ...retries, ...rests));
    if (retries.some((wait) => wait <= soonest)) this.isStale = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.looking.request(), soonest);
    this.timer.unref();
  }

  /** What is under way knows better where it is. */
  private saw(row: FollowerRow): void {
    if (this.parts.set.find(row.name)?.version !== row.version || this.busy.has(row.name)) return;
    this.rows.set(row.name, row);
    this.places.moved(row);
  }

  /** Starts those that have something to do. True where there are any. */
  private async begin(horizon: number): Promise<boolean> {
    let found = false;
    for (const [name, row] of this.rows) {
      if (this.busy.has(name) || this.isStopped || this.rests(name)) continue;
      const own = await this.owned(row);
      const upTo = own && this.upTo(own, horizon);
      if (!own || upTo === undefined || !this.run(name).hasWork(own, upTo)) continue;
      found = true;
      const done = this.work(this.run(name), own, upTo).finally(() => this.busy.delete(name));
      this.busy.set(name, done);
    }
    return found;
  }

  /** Up to where its log is decided, as far as is known: of another log only whoever owns the follower asks. */
  private upTo(row: FollowerRow, horizon: number): number {
    const other = this.otherOf(row.name);
    other?.poll(positionOf(row), this.parts.interval - GAP, () => this.looking.request());
    return other?.known ?? horizon;
  }

  private otherOf(name: string): OtherLog | undefined {
    return this.parts.logs.other(this.parts.set.find(name)?.from);
  }

  private rests(name: string): boolean {
    return (this.restsUntil.get(name) ?? 0) > performance.now();
  }

  /** The row where this process owns it, or has taken it over. */
  private async owned(row: FollowerRow): Promise<FollowerRow | undefined> {
    const { lease, table } = this.parts;
    if (row.isOwned && row.owner === this.owner) return row;
    if (row.isOwned) return undefined;
    const owner = (this.owner = await lease());
    if (row.owner === owner) return row;
    if (!(await table.claim(row, owner))) {
      this.isStale = true;
      return undefined;
    }
    const starts = row.owner !== undefined && row.starts === 0 ? 1 : row.starts;
    const owned = { ...row, owner, isOwned: true, starts };
    this.rows.set(row.name, owned);
    return owned;
  }

  private async work(run: FollowerRun, from: FollowerRow, horizon: number): Promise<void> {
    try {
      const steps = () => this.steps(run, from, horizon);
      // Sending, and reading another log, may take long: it holds up no other follower.
      await (run.follower.beforehand || isOfOther(run) ? steps() : this.slots.use(steps));
    } catch (error) {
      this.complain(run.follower.name, error);
    }
    if (!this.isStopped) this.looking.request();
  }

  private async steps(run: FollowerRun, from: FollowerRow, horizon: number): Promise<void> {
    for (let row = from; !this.isStopped;) {
      const next = await run.alone(() => run.next(row, horizon, { hasSlot: !isOfOther(run) }));
      if (next.kind === 'lost' || next.kind === 'away') {
        this.isStale = true;
        if (next.kind === 'away') this.away(run.follower.name, next);
        return;
      }
      row = next.row;
      this.rows.set(row.name, row);
      this.places.moved(row);
      if (next.kind !== 'passed') return;
    }
  }

  /** It is left alone for a while. */
  private away(name: string, { error, told }: Away): void {
    this.restsUntil.set(name, performance.now() + PAUSE);
    // Its log tells of that itself.
    if (error instanceof UpstreamUnreadableError) this.isStale = true;
    else if (!told) this.complain(name, error);
  }

  private complain(what: string, error: unknown): void {
    if (this.isStopped) return;
    this.isStale = true;
    const { connectivity, logger } = this.parts;
    connectivity.unlessLost(() =>
      logger.warn(`Followers: ${what} failed and is tried again: ${errorLine(error)}`),
    );
  }
}

/** Its transactions take slots, and what it asks for by HTTP does not. */
function isOfOther({ follower }: FollowerRun): boolean {
  return follower.from !== undefined;
}
