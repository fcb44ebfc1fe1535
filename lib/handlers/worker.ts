import { AsyncLocalStorage } from 'node:async_hooks';
import type { ClaimedDelivery } from '../store/ports/rows.js';
import { Cancellation } from '../runtime/cancellation.js';
import { Demand } from './claims/demand.js';
import { DeliveryCancelledError, LeaseLostError, ShutdownError } from './errors.js';
import { Attempt, type AttemptParts, type Promoted } from './attempt/attempt.js';
import { InlineRuns } from './inline/inline-runs.js';
import { LeasedClaims, type LeasedClaimsParts } from './claims/leased-claims.js';
import { Preclaiming } from './claims/preclaiming.js';
import { type BoundHandler, type Limits, Runs } from './claims/runs.js';
import { Suspects } from './claims/suspects.js';
import { drained } from './draining.js';
import { Waiters } from './waiters.js';

export interface WorkerParts extends LeasedClaimsParts, AttemptParts {
  limits: Limits;
  /** This process's handlers with their ids, as they are now. */
  handlers: () => readonly BoundHandler[];
  /** Told of a claim or release that failed; the next poll tries again. */
  claimFailed: (error: unknown) => void;
  /** The database is away: nothing is claimed until it is back and wakes the worker. */
  isPaused: () => boolean;
  /** Milliseconds that a delivery which may have killed its process keeps the others waiting, at most. */
  aloneFor: number;
}

/** Claims due deliveries in batches and runs them, as many at once as there are slots. */
export class Worker {
  /** What this process claims as it creates it. */
  readonly preclaiming: Preclaiming;
  readonly runs: Runs;
  private readonly claims: LeasedClaims;
  private readonly inline: InlineRuns;
  private readonly demand: Demand;
  /** Runs that have started and are not settled yet. */
  private unsettled = 0;
  /** Of these, the runs that ended by themselves. */
  private unmarked = 0;
  private readonly waiters = new Waiters();
  private claiming = false;
  private claimAgain = false;
  /** Why the last claim failed; undefined where it did not. */
  failure?: string;
  private stopped = true;
  private readonly suspects: Suspects;
  /** Handlers run in the context of the application's start: that of the request which woke the worker stays out. */
  private readonly inOwnContext = AsyncLocalStorage.snapshot() as <T>(work: () => T) => T;

  constructor(private readonly parts: WorkerParts) {
    this.runs = new Runs(parts.limits);
    this.demand = new Demand(this.runs, parts.handlers);
    this.claims = new LeasedClaims(
      parts,
      (id, workerId) => this.runs.find(id)?.workerId === workerId,
      (id) => this.preclaiming.isUnsettled(id),
    );
    this.preclaiming = new Preclaiming({
      claims: this.claims,
      runs: this.runs,
      concurrency: parts.limits.concurrency,
      handlers: parts.handlers,
      isOpen: () => !this.stopped && !this.suspects.areRunning && !parts.isPaused(),
      start: (deliveries) =>
        this.inOwnContext(() => {
          if (this.stopped || this.suspects.areRunning) void this.tryGiveBack(deliveries);
          else this.buffer(deliveries);
        }),
    });
    this.suspects = new Suspects({
      handlers: parts.handlers,
      areDue: (quotas) => parts.queue.hasSuspects(quotas),
      clear: () => this.giveBack(this.runs.takeOlderThan(Infinity)).then(() => this.idle()),
      take: (quota) => this.claims.take({ quotas: [quota], suspects: true }),
      giveBack: (deliveries) => this.giveBack(deliveries),
      run: (delivery, bound, workerId) => this.run(delivery, bound, workerId),
      isStopped: () => this.stopped,
      aloneFor: parts.aloneFor,
    });
    this.inline = new InlineRuns({
      handlers: parts.handlers,
      limit: parts.limits.transactional,
      claim: (quotas, positions) => this.claims.take({ quotas, suspects: false, positions, patient: true }),
      run: (delivery, bound, workerId) => this.run(delivery, bound, workerId),
      detached: this.inOwnContext,
    });
  }

  get isIdle(): boolean {
    return this.runs.size === 0 && this.runs.buffered === 0 && this.unsettled === 0 && !this.claiming;
  }

  get isStopped(): boolean {
    return this.stopped;
  }

  /** Idle, and claims what it is told of at once. */
  get isWaiting(): boolean {
    return this.isIdle && !this.stopped && !this.suspects.areRunning;
  }

  /** Whether there is room for more than it has claimed. */
  get hasRoom(): boolean {
    return !this.suspects.areRunning && this.demand.quotas.length > 0;
  }

  start(): void {
    this.stopped = false;
    this.wake();
  }

  /** There may be something due. */
  wake(): void {
    if (this.claiming) this.claimAgain = true;
    else void this.inOwnContext(() => this.fill());
  }

  /** Runs what is due of these events, once each, and resolves when those attempts are settled. */
  runNow(positions: readonly number[]): Promise<void> {
    return this.inline.run(positions);
  }

  /** Claims and runs one round of what is due; resolves when it is settled, with how many there were. */
  runDue(): Promise<number> {
    return this.inOwnContext(async () => {
      const quotas = this.parts.handlers().map(({ id }) => ({ handlerId: id, take: 100 }));
      const take = (suspects: boolean) => this.claims.take({ quotas, suspects, patient: true });
      let { claimed } = await take(false);
      if (claimed.length === 0) ({ claimed } = await take(true));
      this.buffer(claimed);
      await this.heedPauses();
      await this.idle();
      return claimed.length;
    });
  }

  /** Resolves when nothing is waiting, running or being settled. */
  idle(): Promise<void> {
    return this.waiters.until(() => this.isIdle);
  }

  /** Claims no more, gives back what has not started; where that fails, the end of the lease does it. */
  async stopClaiming(): Promise<void> {
    this.stopped = true;
    await this.tryGiveBack(this.runs.takeOlderThan(Infinity));
  }

  /** Waits for what runs, up to `limit` milliseconds; what still runs then is aborted and given back. */
  drain(limit: number): Promise<void> {
    const idle = Promise.all([this.stopClaiming(), this.idle()]);
    const marked = () => this.waiters.until(() => this.unmarked === 0);
    const abort = () => this.runs.all.forEach(({ cancellation }) => cancellation.abort(new ShutdownError()));
    return drained({ idle, abort, marked, isAway: this.parts.isPaused }, limit);
  }

  /** The lease is gone: whatever is claimed belongs to somebody else. */
  leaseLost(): void {
    this.claims.lose();
    this.preclaiming.lose();
    this.runs.takeOlderThan(Infinity);
    this.waiters.look();
    for (const { cancellation } of this.runs.all) cancellation.abort(new LeaseLostError());
  }

  /** Tells a running delivery that it was cancelled; one that waits for a slot ends without being given to its handler. */
  cancel(id: { handlerId: number; position: number }): void {
    this.runs.find(id)?.cancellation.abort(new DeliveryCancelledError());
    const workerId = this.claims.held;
    const bound = this.parts.handlers().find((one) => one.id === id.handlerId);
    const waiting = workerId !== undefined && bound && this.runs.take(id);
    if (waiting)
      this.begin(waiting, bound, workerId, undefined, new Cancellation(new DeliveryCancelledError()));
  }

  /** Deliveries that a running handler asked to cancel, in the database. */
  async heedCancellations(): Promise<void> {
    if (this.runs.size === 0 && this.runs.buffered === 0) return;
    for (const id of await this.claims.cancelRequests()) this.cancel(id);
  }

  /** Gives back what it has of handlers that are not to be run any more. */
  async heedPauses(): Promise<void> {
    await this.giveBack(this.runs.takeOthers(this.parts.handlers()));
  }

  /**
   * Gives back what it may hold without knowing of it, what is not to be run any more, and what has waited for a slot for
   * so many milliseconds that another process may be quicker. Resolves with how many of the last there were.
   */
  async tidy(longest: number): Promise<number> {
    await this.claims.tidy();
    await this.heedPauses();
    const stale = this.runs.takeOlderThan(performance.now() - longest);
    // Before anything wakes: this process would claim them again at once.
    this.demand.waited(stale);
    await this.giveBack(stale);
    return stale.length;
  }

  /** Runs deliveries that may have killed their process, alone. */
  async runSuspects(): Promise<void> {
    try {
      await this.suspects.runDue();
    } finally {
      this.wake();
    }
  }

  private async fill(): Promise<void> {
    if (this.stopped || this.suspects.areRunning || this.parts.isPaused()) return;
    this.claiming = true;
    try {
      do {
        this.claimAgain = false;
        if (await this.claimOnce()) this.claimAgain = true;
        this.failure = undefined;
      } while (this.claimAgain && !this.stopped && !this.suspects.areRunning);
    } catch (error) {
      this.failure = `claiming failed: ${String(error)}`;
      this.parts.claimFailed(error);
    } finally {
      this.claiming = false;
      this.waiters.look();
    }
  }

  /** True when there was more due than was taken and there is room for it. */
  private async claimOnce(): Promise<boolean> {
    const { quotas } = this.demand;
    this.demand.asking(quotas);
    if (quotas.length === 0) return false;
    const { claimed } = await this.claims.take({ quotas, suspects: false });
    if (this.stopped || this.suspects.areRunning) return this.giveBack(claimed).then(() => false);
    this.demand.claimed(claimed, quotas);
    this.buffer(claimed);
    await this.heedPauses();
    return claimed.length > 0 && this.demand.quotas.length > 0;
  }

  private buffer(deliveries: readonly ClaimedDelivery[]): void {
    for (const delivery of deliveries) this.runs.add(delivery, performance.now());
    this.startWaiting();
  }

  private startWaiting(): void {
    const handlers = this.parts.handlers();
    for (;;) {
      const workerId = this.claims.held;
      const next = workerId === undefined ? undefined : this.runs.next(handlers);
      if (!next) return;
      this.begin(next.delivery, next.bound, workerId!);
    }
  }

  private run(delivery: ClaimedDelivery, bound: BoundHandler, workerId: number): Promise<Promoted> {
    return new Promise((settled) => this.begin(delivery, bound, workerId, settled));
  }

  private begin(
    delivery: ClaimedDelivery,
    bound: BoundHandler,
    workerId: number,
    settled?: (promoted: Promoted) => void,
    cancellation = new Cancellation(),
  ): void {
    const attempt = new Attempt(delivery, bound.handler, workerId, this.parts, cancellation);
    this.unsettled++;
    this.runs.started(attempt);
    let endedItself = false;
    attempt.run(
      () => {
        endedItself = !attempt.cancellation.aborted;
        if (endedItself) this.unmarked++;
        this.ended(attempt, bound);
      },
      (promoted) => {
        this.unsettled--;
        if (endedItself) this.unmarked--;
        this.claims.settled(delivery);
        this.waiters.look();
        settled?.(promoted);
      },
    );
  }

  private ended(attempt: Attempt, bound: BoundHandler): void {
    this.runs.ended(attempt);
    this.startWaiting();
    // What waits in its order key can be claimed only when this one is settled.
    if (!this.stopped && !bound.keyed && this.demand.wantsMoreOf(bound)) this.wake();
  }

  private async giveBack(deliveries: readonly ClaimedDelivery[]): Promise<void> {
    await this.claims.giveBack(deliveries);
    this.waiters.look();
  }

  private async tryGiveBack(deliveries: readonly ClaimedDelivery[]): Promise<void> {
    await this.giveBack(deliveries).catch((error: unknown) => this.parts.claimFailed(error));
  }
}
