import type { ClaimQuota } from '../../store/ports/dialect.js';
import type { ClaimedDelivery } from '../../store/ports/rows.js';
import { Prefetch } from './prefetch.js';
import type { BoundHandler, Runs } from './runs.js';
import { claimQuota } from './slots.js';

/** How many deliveries a worker wants to claim of which handler, and when there is a reason to ask again. */
export class Demand {
  private readonly prefetch = new Prefetch();
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

  /** Whether the end of one of its runs is a reason to claim. */
  wantsMoreOf(bound: BoundHandler): boolean {
    return this.unfinished.has(bound.id) && this.quotaOf(bound) > 0;
  }

  /** Something may be due, and only of these handlers is anything asked for: the others have no room. */
  asking(quotas: readonly ClaimQuota[]): void {
    const asked = new Set(quotas.map(({ handlerId }) => handlerId));
    for (const { id } of this.handlers()) if (!asked.has(id)) this.unfinished.add(id);
  }

  /** A claim found these: as many of a handler as were asked for, or all that were due. */
  claimed(claimed: readonly ClaimedDelivery[], quotas: readonly ClaimQuota[]): void {
    this.prefetch.claimed(claimed.length, Math.max(...quotas.map(({ take }) => take)), performance.now());
    const found = new Map<number, number>();
    for (const { handlerId } of claimed) found.set(handlerId, (found.get(handlerId) ?? 0) + 1);
    for (const { handlerId, take } of quotas) {
      if ((found.get(handlerId) ?? 0) < take) this.unfinished.delete(handlerId);
      else this.unfinished.add(handlerId);
    }
  }

  /** None before its buffer is half empty. */
  private quotaOf(bound: BoundHandler): number {
    const buffered = this.runs.bufferedOf(bound.id);
    const take = claimQuota(this.runs.loadOf(bound), buffered, this.prefetch.size);
    return take > buffered ? take : 0;
  }
}
