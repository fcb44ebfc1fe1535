import type { AppendedEvent } from '../../store/commits/appended-event.js';
import type { CommitListener } from '../../store/commits/commit-hub.js';
import type { DeliveryId } from '../../store/ports/delivery-ids.js';
import type { Preclaimed, Preclaimer } from '../../store/deliveries/preclaims.js';
import type { ClaimedDelivery } from '../../store/ports/rows.js';
import { keyOf } from '../../store/ports/delivery-ids.js';
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

/**
 * Claims deliveries of this process's own events as they are created, while it has slots for them, and starts them when
 * a read has shown that they were committed.
 *
 * Invariant: what is in `unsettled` is given back or started by nobody else; once it is taken out here it is started,
 * rolled back, or unknown, and then a look at the database gives it back.
 */
export class Preclaiming implements Preclaimer, CommitListener {
  /** Created in transactions of which it is not known how they ended. */
  private readonly unsettled = new Set<string>();

  constructor(private readonly parts: PreclaimingParts) {}

  claimant(handlerIds: readonly number[]): number | undefined {
    const { claims, runs, concurrency, isOpen } = this.parts;
    const taken = runs.size + runs.buffered + this.unsettled.size;
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
    return this.parts.claims.doubt.unlessAnswered(statement);
  }

  isUnsettled(id: DeliveryId): boolean {
    return this.unsettled.has(keyOf(id));
  }

  /** The lease is gone, and with it what was claimed. */
  lose(): void {
    this.unsettled.clear();
  }

  appended(events: readonly AppendedEvent[]): void {
    for (const { delivery } of preclaimsOf(events)) this.unsettled.add(keyOf(delivery));
  }

  undone(events: readonly AppendedEvent[]): void {
    for (const { delivery } of preclaimsOf(events)) this.unsettled.delete(keyOf(delivery));
  }

  unknown(events: readonly AppendedEvent[]): void {
    this.undone(events);
    if (preclaimsOf(events).length > 0) this.parts.claims.doubt.suspect();
  }

  committed(events: readonly AppendedEvent[]): void {
    const preclaimed = preclaimsOf(events);
    if (preclaimed.length === 0) return;
    const own = preclaimed.filter(
      (one) => this.unsettled.delete(keyOf(one.delivery)) && this.parts.claims.adopt(one),
    );
    // Given back or forgotten meanwhile, and perhaps claimed again: only a look can tell.
    if (own.length < preclaimed.length) this.parts.claims.doubt.suspect();
    this.parts.start(own.map(({ delivery }) => delivery));
  }
}

function preclaimsOf(events: readonly AppendedEvent[]): readonly Preclaimed[] {
  return events.flatMap(({ preclaimed }) => preclaimed);
}
