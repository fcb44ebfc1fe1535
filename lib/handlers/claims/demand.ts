import type { ClaimQuota } from '../../store/ports/delivery-sql.js';
import type { ClaimedDelivery } from '../../store/ports/rows.js';
import type { BoundHandler, HandlerLoad, Runs } from './runs.js';

const SMALLEST = 10;
const LARGEST = 2000;

/** A claim that comes sooner than this after a full one, in milliseconds, means that larger claims would pay. */
const QUICK = 100;

/** How many deliveries a worker wants to claim of which handler, and when there is a reason to ask again. */
export class Demand {
  /** Each has its own: a quick handler would else have a slow one's claimed by the thousand. */
  private readonly prefetches = new Map<number, Prefetch>();
  /** Of these more may be due than was claimed. Of the others whatever comes is told of. */
  private readonly unfinished = new Set<number>();

  constructor(
    private readonly runs: Runs,
    private readonly handlers: () => readonly BoundHandler[],
  ) {}

  get quotas(): ClaimQuota[] {
    return this.handlers().flatMap((bound) => {
      const take = this.quotaOf(bound);
      return take > 0 ? [{ handlerId: bound.id, take }] : [];
    });
  }

  /** Whether the end of one of its runs is a reason to claim: of those that claim nothing ahead it may have been any. */
  wantsMoreOf(bound: BoundHandler): boolean {
    return this.handlers().some(
      (other) =>
        (other.id === bound.id || this.prefetchOf(other.id).size === 0) &&
        this.unfinished.has(other.id) &&
        this.quotaOf(other) > 0,
    );
  }

  /** These were claimed ahead, and given back since they waited for too long. */
  waited(deliveries: readonly ClaimedDelivery[]): void {
    for (const { handlerId } of deliveries) {
      this.prefetchOf(handlerId).waited();
      this.unfinished.add(handlerId);
    }
  }

  /** Something may be due, and only of these handlers is anything asked for: the others have no room. */
  asking(quotas: readonly ClaimQuota[]): void {
    const asked = new Set(quotas.map(({ handlerId }) => handlerId));
    for (const { id } of this.handlers()) if (!asked.has(id)) this.unfinished.add(id);
  }

  /** A claim found these: as many of a handler as were asked for, or all that were due. */
  claimed(claimed: readonly ClaimedDelivery[], quotas: readonly ClaimQuota[]): void {
    const now = performance.now();
    const found = new Map<number, number>();
    for (const { handlerId } of claimed) found.set(handlerId, (found.get(handlerId) ?? 0) + 1);
    for (const { handlerId, take } of quotas) {
      this.prefetchOf(handlerId).claimed(found.get(handlerId) ?? 0, take, now);
      if ((found.get(handlerId) ?? 0) < take) this.unfinished.delete(handlerId);
      else this.unfinished.add(handlerId);
    }
  }

  /** None before its buffer is half empty; of one that is too slow to claim ahead, what can start now. */
  private quotaOf(bound: BoundHandler): number {
    const buffered = this.runs.bufferedOf(bound.id);
    const load = this.runs.loadOf(bound);
    const { size } = this.prefetchOf(bound.id);
    if (size === 0) return Math.max(0, Math.min(load.concurrency - load.running - buffered, this.runs.free));
    const take = claimQuota(load, buffered, size);
    return take > buffered ? take : 0;
  }

  private prefetchOf(handlerId: number): Prefetch {
    const known = this.prefetches.get(handlerId) ?? new Prefetch();
    this.prefetches.set(handlerId, known);
    return known;
  }
}

/** How many deliveries of one handler to claim ahead: more while it is quick, fewer while claims come back short. */
export class Prefetch {
  private current = SMALLEST;
  private lastFull = -Infinity;

  get size(): number {
    return this.current;
  }

  claimed(count: number, asked: number, now: number): void {
    if (count < asked / 2) {
      if (this.current > SMALLEST) this.current = Math.max(SMALLEST, Math.floor(this.current / 2));
      return;
    }
    if (now - this.lastFull < QUICK) this.current = Math.min(LARGEST, Math.max(SMALLEST, this.current * 2));
    this.lastFull = now;
  }

  /** What was claimed ahead waited for too long: nothing more, until runs end quickly again. */
  waited(): void {
    this.current = 0;
  }
}

/** How many deliveries of a handler to claim, so that its buffer holds what it can start soon. */
export function claimQuota(load: HandlerLoad, buffered: number, prefetch: number): number {
  return Math.max(0, Math.max(prefetch, load.concurrency) + load.concurrency - load.running - buffered);
}
