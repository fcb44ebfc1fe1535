import type { Sql } from '../../store/ports/sql.js';
import type { WorkerLeases } from '../../store/deliveries/worker-leases.js';
import { within } from '../../runtime/deadline.js';
import { ShutdownError } from '../errors.js';

export interface LeaseKeeperParts {
  leases: WorkerLeases;
  /** Runs a statement on a connection that handlers cannot starve. */
  control: <T>(work: (sql: Sql) => Promise<T>) => Promise<T>;
  /** Milliseconds. */
  lease: number;
  lost: () => void;
  failed: (error: unknown) => void;
}

/** Keeps one worker's lease: registers it, extends it three times per period, tells when it is lost. */
export class LeaseKeeper {
  private workerId?: number;
  private timer?: NodeJS.Timeout;
  private extendedAt = 0;
  private stopped = false;
  private lack?: string;
  private acquiring?: Promise<number>;

  constructor(private readonly parts: LeaseKeeperParts) {}

  /** Why there is no lease, where one was wanted; undefined while there is one. */
  get missing(): string | undefined {
    return this.lack;
  }

  holds(workerId: number): boolean {
    return this.workerId === workerId;
  }

  /** The id under which this process claims until the lease is lost. Rejects with `ShutdownError` after `release`. */
  async acquire(): Promise<number> {
    if (this.stopped) throw new ShutdownError();
    const asked = performance.now();
    const workerId = await this.register();
    // It lapses by itself, and nothing was claimed under it.
    if (this.stopped) throw new ShutdownError();
    this.workerId = workerId;
    this.lack = undefined;
    this.extendedAt = asked;
    this.schedule();
    return workerId;
  }

  /** The id of the lease that this process has, or of a new one: whoever asks while there is one is given that. */
  async hold(): Promise<number> {
    const { workerId } = this;
    if (workerId !== undefined && !this.loseIfLapsed(workerId)) return workerId;
    this.acquiring ??= this.acquire().finally(() => (this.acquiring = undefined));
    return this.acquiring;
  }

  private async register(): Promise<number> {
    try {
      return await this.parts.leases.register();
    } catch (error) {
      this.lack = String(error);
      throw error;
    }
  }

  /**
   * The lease may be another's by now, by a clock that cannot be ahead of the database's: it counts from before the
   * heartbeat was sent. A process that stood still knows it before any heartbeat tells it.
   */
  hasLapsed(workerId: number): boolean {
    return this.workerId !== workerId || performance.now() - this.extendedAt >= this.parts.lease;
  }

  /** Whether the lease may be another's by now; a lapsed one is lost at once: a heartbeat that comes after this must not bring it back. */
  loseIfLapsed(workerId: number): boolean {
    const lapsed = this.hasLapsed(workerId);
    if (lapsed) this.lose(workerId);
    return lapsed;
  }

  /** Milliseconds since the lease was last known to be held; undefined without one. */
  get sinceExtended(): number | undefined {
    return this.workerId === undefined ? undefined : performance.now() - this.extendedAt;
  }

  /** Extends the lease now: after an outage, the next time might be too late. */
  renew(): void {
    void this.beat();
  }

  /** Gives the lease up, and takes no other. Where that fails it ends by itself: it is extended no more. */
  async release(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    const { workerId } = this;
    this.workerId = undefined;
    const { control, leases } = this.parts;
    if (workerId !== undefined) await control((sql) => leases.remove(sql, workerId));
  }

  private schedule(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.beat(), this.parts.lease / 3);
    this.timer.unref();
  }

  private async beat(): Promise<void> {
    const { workerId } = this;
    if (workerId === undefined) return;
    const asked = performance.now();
    try {
      const extended = await this.extend(workerId, asked);
      if (extended) this.extendedAt = asked;
      else this.lose(workerId);
    } catch (error) {
      if (!this.stopped) this.parts.failed(error);
      // Nobody else can have taken over before the lease lapsed by the database's clock; then somebody may have.
      if (performance.now() - this.extendedAt >= this.parts.lease) this.lose(workerId);
    }
    if (this.workerId === workerId) this.schedule();
  }

  /** A connection that says nothing any more is given up when the lease has lapsed. */
  private async extend(workerId: number, asked: number): Promise<boolean> {
    const { lease, leases, control } = this.parts;
    const left = Math.max(lease / 3, lease - (asked - this.extendedAt));
    return within(
      left,
      control((sql) => leases.extend(sql, workerId)),
    );
  }

  /** The lease is not held any more: tells so, once. */
  lose(workerId: number): void {
    if (this.workerId !== workerId) return;
    this.workerId = undefined;
    this.lack = 'it was lost';
    this.parts.lost();
  }
}
