import type { Preclaimed, Preclaimer } from '../store/preclaims.js';
import type { ClaimedDelivery } from '../store/rows.js';
import type { LeasedClaims } from './leased-claims.js';
import type { BoundHandler, Runs } from './runs.js';

export interface PreclaimingParts {
  claims: LeasedClaims;
  runs: Runs;
  /** Handlers that run at once in this process. */
  concurrency: number;
  handlers: () => readonly BoundHandler[];
  /** Whether deliveries may be claimed at all. */
  isOpen: () => boolean;
  /** Runs what is claimed, or gives it back. */
  start: (deliveries: readonly ClaimedDelivery[]) => void;
}

/** Claims deliveries of this process's own events as they are created, while it has slots for them. */
export class Preclaiming implements Preclaimer {
  constructor(private readonly parts: PreclaimingParts) {}

  claimant(handlerIds: readonly number[]): number | undefined {
    const { claims, runs, concurrency, isOpen } = this.parts;
    const taken = runs.size + runs.buffered + claims.unsettledPreclaims;
    if (!isOpen() || taken + handlerIds.length > concurrency) return undefined;
    return claims.claimant;
  }

  takes(handlerId: number): boolean {
    const { runs, handlers } = this.parts;
    const bound = handlers().find(({ id }) => id === handlerId);
    if (!bound) return false;
    const { running, concurrency } = runs.loadOf(bound);
    return running + runs.bufferedOf(handlerId) < concurrency;
  }

  unlessAnswered<T>(statement: () => Promise<T>): Promise<T> {
    return this.parts.claims.unlessAnswered(statement);
  }

  /** Deliveries were created as claimed; they are there when their transaction has committed. */
  created(preclaimed: readonly Preclaimed[]): void {
    this.parts.claims.preclaimed(preclaimed);
  }

  /** The transaction that created them was rolled back. */
  undone(preclaimed: readonly Preclaimed[]): void {
    this.parts.claims.forget(preclaimed);
  }

  /** The transaction that created them has committed: runs those that are this process's still. */
  committed(preclaimed: readonly Preclaimed[]): void {
    this.parts.start(this.parts.claims.adopt(preclaimed));
  }
}
