import { AsyncLocalStorage } from 'node:async_hooks';
import type { ClaimedDelivery } from '../store/ports/rows.js';
import { Cancellation } from '../runtime/cancellation.js';
import { Demand } from './claims/demand.js';
import { DeliveryCancelledError, LeaseLostError, ShutdownError } from './errors.js';
import type { Execution, Executor } from './attempt/executor.js';
import { InlineRuns } from './inline/inline-runs.js';
import { LeasedClaims, type LeasedClaimsParts } from './claims/leased-claims.js';
import { Preclaiming } from './claims/preclaiming.js';
import { type BoundHandler, type Limits, Runs } from './claims/runs.js';
import type { Promoted, Settler } from './attempt/settler.js';
import { Suspects } from './claims/suspects.js';
import { settledWithin } from '../runtime/deadline.js';

export interface WorkerParts extends LeasedClaimsParts {
  executor: Executor;
  settler: Settler;
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

type Settled = (promoted: Promoted) => void;

/** Milliseconds that shutdown waits for aborted runs to be given back; after that the end of the lease does it. */
export const GIVE_BACK_LIMIT = 5000;

/** Claims due deliveries in batches and runs them, as many at once as there are slots. */
export class Worker {
  /** What this process claims as it creates it. */
  readonly preclaiming: Preclaiming;
  private readonly runs: Runs;
  private readonly claims: LeasedClaims;
  private readonly inline: InlineRuns;
  private readonly demand: Demand;
  /** Runs that have started and are not settled yet. */
  private unsettled = 0;
  private idleWaiters: (() => void)[] = [];
  private claiming = false;
  private claimAgain = false;
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
    return this.inOwnContext(() => this.runRound());
  }

  private async runRound(): Promise<number> {
    const quotas = this.parts.handlers().map(({ id }) => ({ handlerId: id, take: 100 }));
    const take = (suspects: boolean) => this.claims.take({ quotas, suspects, patient: true });
    let { claimed } = await take(false);
    if (claimed.length === 0) ({ claimed } = await take(true));
    this.buffer(claimed);
    await this.heedPauses();
    await this.idle();
    return claimed.length;
  }

  /** Resolves when nothing is waiting, running or being settled. */
  idle(): Promise<void> {
    if (this.isIdle) return Promise.resolve();
    return new Promise((resolve) => this.idleWaiters.push(resolve));
  }

  /** Claims no more, gives back what has not started; where that fails, the end of the lease does it. */
  async stopClaiming(): Promise<void> {
    this.stopped = true;
    await this.tryGiveBack(this.runs.takeOlderThan(Infinity));
  }

  /** Waits for what runs, up to `limit` milliseconds; what still runs then is aborted and given back. */
  async drain(limit: number): Promise<void> {
    const done = Promise.all([this.stopClaiming(), this.idle()]);
    if (await settledWithin(done, limit)) return;
    for (const { cancellation } of this.runs.executions) cancellation.abort(new ShutdownError());
    await settledWithin(done, GIVE_BACK_LIMIT);
  }

  /** The lease is gone: whatever is claimed belongs to somebody else. */
  leaseLost(): void {
    this.claims.lose();
    this.preclaiming.lose();
    this.runs.takeOlderThan(Infinity);
    this.notifyIdle();
    for (const { cancellation } of this.runs.executions) cancellation.abort(new LeaseLostError());
  }

  /** Tells a running delivery that it was cancelled. */
  cancel(id: { handlerId: number; position: number }): void {
    this.runs.find(id)?.cancellation.abort(new DeliveryCancelledError());
  }

  /** Deliveries that a running handler asked to cancel, in the database. */
  async heedCancellations(): Promise<void> {
    if (this.runs.size === 0) return;
    for (const id of await this.claims.cancelRequests()) this.cancel(id);
  }

  /** Gives back what it has of handlers that are not to be run any more. */
  async heedPauses(): Promise<void> {
    await this.giveBack(this.runs.takeOthers(this.parts.handlers()));
  }

  /** Gives back what it may hold without knowing of it. */
  tidy(): Promise<void> {
    return this.claims.tidy();
  }

  /** Gives back what has waited for a slot so long that another process may be quicker. */
  async releaseStale(olderThan: number): Promise<void> {
    await this.giveBack(this.runs.takeOlderThan(performance.now() - olderThan));
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
      } while (this.claimAgain && !this.stopped && !this.suspects.areRunning);
    } catch (error) {
      this.parts.claimFailed(error);
    } finally {
      this.claiming = false;
      this.notifyIdle();
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
    const now = performance.now();
    for (const delivery of deliveries) this.runs.add(delivery, now);
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

  /** Resolves when it is settled. */
  private run(delivery: ClaimedDelivery, bound: BoundHandler, workerId: number): Promise<Promoted> {
    return new Promise((settled) => this.begin(delivery, bound, workerId, settled));
  }

  private begin(delivery: ClaimedDelivery, bound: BoundHandler, workerId: number, settled?: Settled): void {
    const execution = { delivery, handler: bound.handler, workerId, cancellation: new Cancellation() };
    this.unsettled++;
    this.runs.started(execution);
    this.parts.executor.execute(execution, (settlement) => {
      this.ended(execution, bound);
      this.parts.settler.settle(execution, settlement, (promoted) => {
        this.unsettled--;
        this.claims.settled(delivery);
        this.notifyIdle();
        settled?.(promoted);
      });
    });
  }

  private ended(execution: Execution, bound: BoundHandler): void {
    this.runs.ended(execution);
    this.startWaiting();
    // What waits in its order key can be claimed only when this one is settled.
    if (!this.stopped && !bound.keyed && this.demand.wantsMoreOf(bound)) this.wake();
  }

  private async giveBack(deliveries: readonly ClaimedDelivery[]): Promise<void> {
    await this.claims.giveBack(deliveries);
    this.notifyIdle();
  }

  private async tryGiveBack(deliveries: readonly ClaimedDelivery[]): Promise<void> {
    await this.giveBack(deliveries).catch((error: unknown) => this.parts.claimFailed(error));
  }

  private notifyIdle(): void {
    if (!this.isIdle) return;
    for (const resolve of this.idleWaiters.splice(0)) resolve();
  }
}
