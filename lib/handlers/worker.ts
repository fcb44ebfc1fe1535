import { AsyncLocalStorage } from 'node:async_hooks';
import type { DeliveryQueue } from '../store/delivery-queue.js';
import type { ClaimQuota } from '../store/dialect.js';
import type { ClaimedDelivery } from '../store/rows.js';
import { chunks } from '../store/sql.js';
import { DeliveryCancelledError, LeaseLostError, ShutdownError } from './errors.js';
import type { Execution, Executor } from './executor.js';
import { Prefetch } from './prefetch.js';
import { type BoundHandler, type Limits, Runs } from './runs.js';
import type { Settler } from './settler.js';
import { claimQuota } from './slots.js';
import { inParallel, settledWithin } from './waiting.js';

export interface WorkerParts {
  queue: DeliveryQueue;
  executor: Executor;
  settler: Settler;
  limits: Limits;
  /** This process's handlers with their ids, as they are now. */
  handlers: () => readonly BoundHandler[];
  /** Registers a lease, renewed from then on, and returns its worker id. */
  lease: () => Promise<number>;
  /** Told that the lease of this worker id cannot be held any more; calls `leaseLost` in turn. */
  lapsed: (workerId: number) => void;
  /** Told of a claim or release that failed; the next poll tries again. */
  claimFailed: (error: unknown) => void;
  /** Milliseconds that a delivery which may have killed its process keeps the others waiting, at most. */
  aloneFor: number;
}

type Claim = Parameters<DeliveryQueue['claim']>[0];

/** Events whose deliveries are claimed by one statement. */
const INLINE_BATCH = 500;

/** Milliseconds that shutdown waits for aborted runs to be given back; after that the end of the lease does it. */
const GIVE_BACK_LIMIT = 5000;

/** Claims due deliveries in batches and runs them, as many at once as there are slots. */
export class Worker {
  private readonly runs: Runs;
  private readonly prefetch = new Prefetch();
  private readonly settling = new Set<Promise<void>>();
  private idleWaiters: (() => void)[] = [];
  private workerId?: number;
  private acquiring?: Promise<number>;
  private claiming = false;
  private claimAgain = false;
  private stopped = true;
  /** A delivery that may have killed its process runs alone. */
  private quarantine = false;
  /** Handlers run in the context of the application's start: that of the request which woke the worker stays out. */
  private readonly inOwnContext = AsyncLocalStorage.snapshot() as <T>(work: () => T) => T;

  constructor(private readonly parts: WorkerParts) {
    this.runs = new Runs(parts.limits);
  }

  get isIdle(): boolean {
    return this.runs.size === 0 && this.runs.buffered === 0 && this.settling.size === 0 && !this.claiming;
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

  /**
   * Runs what is due of these events, once each, and resolves when those attempts are settled. Takes no slots: a
   * handler that waits for what it emitted would wait for a slot that it holds itself.
   */
  runNow(positions: readonly number[]): Promise<void> {
    return this.inOwnContext(() => this.runClaimed(positions));
  }

  private async runClaimed(positions: readonly number[]): Promise<void> {
    const { handlers, limits } = this.parts;
    for (const batch of chunks(positions, INLINE_BATCH)) {
      const bound = handlers();
      const quotas = bound.map(({ id }) => ({ handlerId: id, take: batch.length }));
      const { workerId, claimed } = await this.claim({ quotas, suspects: false, positions: batch });
      await inParallel(claimed, limits.transactional, async (delivery) => {
        const its = bound.find(({ id }) => id === delivery.handlerId);
        if (its) await this.track(this.run(delivery, its, workerId));
      });
    }
  }

  /** Claims and runs one round of what is due; resolves when it is settled, with how many there were. */
  runDue(): Promise<number> {
    return this.inOwnContext(() => this.runRound());
  }

  private async runRound(): Promise<number> {
    const quotas = this.parts.handlers().map(({ id }) => ({ handlerId: id, take: 100 }));
    let { claimed } = await this.claim({ quotas, suspects: false });
    if (claimed.length === 0) ({ claimed } = await this.claim({ quotas, suspects: true }));
    for (const delivery of claimed) this.runs.add(delivery, performance.now());
    this.startWaiting();
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
    await this.giveBack(this.runs.takeOlderThan(Infinity)).catch((error: unknown) =>
      this.parts.claimFailed(error),
    );
  }

  /** Waits for what runs, up to `limit` milliseconds; what still runs then is aborted and given back. */
  async drain(limit: number): Promise<void> {
    const done = Promise.all([this.stopClaiming(), this.idle()]);
    if (await settledWithin(done, limit)) return;
    for (const { controller } of this.runs.executions) controller.abort(new ShutdownError());
    await settledWithin(done, GIVE_BACK_LIMIT);
  }

  /** The lease is gone: whatever is claimed belongs to somebody else. */
  leaseLost(): void {
    this.workerId = undefined;
    this.runs.takeOlderThan(Infinity);
    this.notifyIdle();
    for (const { controller } of this.runs.executions) controller.abort(new LeaseLostError());
  }

  /** Tells a running delivery that it was cancelled. */
  cancel(id: { handlerId: number; position: number }): void {
    this.runs.find(id)?.controller.abort(new DeliveryCancelledError());
  }

  /** Deliveries that a running handler asked to cancel, in the database. */
  async heedCancellations(): Promise<void> {
    if (this.workerId === undefined || this.runs.size === 0) return;
    for (const id of await this.parts.queue.cancelRequests(this.workerId)) this.cancel(id);
  }

  /** Gives back what has waited for a slot so long that another process may be quicker. */
  async releaseStale(olderThan: number): Promise<void> {
    await this.giveBack(this.runs.takeOlderThan(performance.now() - olderThan));
  }

  /**
   * Lets what runs end, then runs deliveries that may have killed their process one by one. Neither what runs long nor
   * a suspect that hangs holds the others up for longer than `aloneFor`: then they run side by side.
   */
  async runSuspects(): Promise<void> {
    if (this.quarantine || this.stopped) return;
    const quotas = this.parts.handlers().map(({ id }) => ({ handlerId: id, take: 1 }));
    if (!(await this.parts.queue.hasSuspects(quotas))) return;
    this.quarantine = true;
    try {
      await this.giveBack(this.runs.takeOlderThan(Infinity));
      await settledWithin(this.idle(), this.parts.aloneFor);
      for (const quota of quotas) await this.runSuspectOf(quota);
    } finally {
      this.quarantine = false;
      this.wake();
    }
  }

  private async runSuspectOf(quota: ClaimQuota): Promise<void> {
    if (this.stopped) return;
    const { workerId, claimed } = await this.claim({ quotas: [quota], suspects: true });
    const bound = this.parts.handlers().find(({ id }) => id === quota.handlerId);
    if (this.stopped || !bound) return this.giveBack(claimed);
    const runs = claimed.map((delivery) => this.track(this.run(delivery, bound, workerId)));
    await settledWithin(Promise.all(runs), this.parts.aloneFor);
  }

  private async fill(): Promise<void> {
    if (this.stopped || this.quarantine) return;
    this.claiming = true;
    try {
      do {
        this.claimAgain = false;
        if (await this.claimOnce()) this.claimAgain = true;
      } while (this.claimAgain && !this.stopped && !this.quarantine);
    } catch (error) {
      this.parts.claimFailed(error);
    } finally {
      this.claiming = false;
      this.notifyIdle();
    }
  }

  /** True when there was more due than was taken and there is room for it. */
  private async claimOnce(): Promise<boolean> {
    const quotas = this.quotas();
    if (quotas.length === 0) return false;
    const { claimed } = await this.claim({ quotas, suspects: false });
    if (this.stopped || this.quarantine) {
      await this.giveBack(claimed);
      return false;
    }
    this.prefetch.claimed(claimed.length, Math.max(...quotas.map(({ take }) => take)), performance.now());
    for (const delivery of claimed) this.runs.add(delivery, performance.now());
    this.startWaiting();
    return claimed.length > 0 && this.quotas().length > 0;
  }

  /** Of each handler whose buffer is half empty. */
  private quotas(): { handlerId: number; take: number }[] {
    return this.parts.handlers().flatMap((bound) => {
      const buffered = this.runs.bufferedOf(bound.id);
      const take = claimQuota(this.runs.loadOf(bound), buffered, this.prefetch.size);
      return take > buffered ? [{ handlerId: bound.id, take }] : [];
    });
  }

  private startWaiting(): void {
    const handlers = this.parts.handlers();
    for (;;) {
      const next = this.runs.next(handlers);
      if (!next || this.workerId === undefined) return;
      void this.track(this.run(next.delivery, next.bound, this.workerId));
    }
  }

  private track(run: Promise<void>): Promise<void> {
    this.settling.add(run);
    return run.finally(() => {
      this.settling.delete(run);
      this.notifyIdle();
    });
  }

  private async run(delivery: ClaimedDelivery, { handler }: BoundHandler, workerId: number): Promise<void> {
    const execution: Execution = { delivery, handler, workerId, controller: new AbortController() };
    this.runs.started(execution);
    const settlement = await this.parts.executor.execute(execution);
    this.runs.ended(execution);
    this.startWaiting();
    if (!this.stopped && this.quotas().length > 0) this.wake();
    await this.parts.settler.settle(execution, settlement);
  }

  /** Takes deliveries under this process's lease; none when the lease was lost meanwhile. */
  private async claim(
    request: Omit<Claim, 'workerId'>,
  ): Promise<{ workerId: number; claimed: ClaimedDelivery[] }> {
    const workerId = this.workerId ?? (await this.ensureLease());
    const claimed = await this.parts.queue.claim({ workerId, ...request });
    // Only what somebody took over can be claimed while it runs here: no heartbeat has told of it yet.
    if (claimed.some((delivery) => this.runs.find(delivery))) this.parts.lapsed(workerId);
    if (workerId === this.workerId) return { workerId, claimed };
    await this.parts.queue.release(workerId, claimed);
    return { workerId, claimed: [] };
  }

  /** One lease, however many ask for it at once: a second one would have no heartbeat. */
  private ensureLease(): Promise<number> {
    this.acquiring ??= this.parts
      .lease()
      .then((workerId) => (this.workerId = workerId))
      .finally(() => (this.acquiring = undefined));
    return this.acquiring;
  }

  private async giveBack(deliveries: readonly ClaimedDelivery[]): Promise<void> {
    if (deliveries.length > 0 && this.workerId !== undefined)
      await this.parts.queue.release(this.workerId, deliveries);
    this.notifyIdle();
  }

  private notifyIdle(): void {
    if (!this.isIdle) return;
    for (const resolve of this.idleWaiters.splice(0)) resolve();
  }
}
