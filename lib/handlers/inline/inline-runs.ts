import type { ClaimQuota } from '../../store/ports/delivery-sql.js';
import type { DeliveryId } from '../../store/ports/delivery-ids.js';
import type { ClaimedDelivery } from '../../store/ports/rows.js';
import { chunks } from '../../store/ports/sql.js';
import { OrderedRounds } from './ordered-rounds.js';
import type { BoundHandler } from '../claims/runs.js';
import type { Promoted } from '../attempt/attempt.js';
import { inParallel } from '../../runtime/in-parallel.js';

/** Events whose deliveries are claimed by one statement. */
const BATCH = 500;

export interface InlineRunsParts {
  handlers: () => readonly BoundHandler[];
  /** Of the runs of one call, how many at once. */
  limit: number;
  claim: (
    quotas: readonly ClaimQuota[],
    positions: readonly number[],
  ) => Promise<{ workerId: number; claimed: readonly ClaimedDelivery[] }>;
  /** Resolves when it is settled, with what has become due by that. */
  run: (delivery: ClaimedDelivery, bound: BoundHandler, workerId: number) => Promise<Promoted>;
  /** Calls it outside of the context of whoever emitted the events. */
  detached: <T>(work: () => T) => T;
}

/**
 * Runs what is due of certain events, once each, and then what that makes due of them. Takes no slots: a handler that waits for what it emitted would wait for
 * a slot that it holds itself.
 */
export class InlineRuns {
  private readonly rounds = new OrderedRounds((handlerId, positions) =>
    this.runOf(this.handlersOf([handlerId]), positions),
  );

  constructor(private readonly parts: InlineRunsParts) {}

  /** Resolves when those attempts are settled. */
  run(positions: readonly number[]): Promise<void> {
    // What a handler in a round waits for is in that round too, and so on.
    if (this.rounds.isInside)
      return this.parts.detached(() => this.rounds.within(() => this.runAll(positions, false)));
    return this.parts.detached(() => this.runAll(positions, true));
  }

  private async runAll(positions: readonly number[], wait: boolean): Promise<void> {
    for (const batch of chunks(positions, BATCH)) {
      const bound = this.parts.handlers();
      const [keyed, others] = [bound.filter((one) => one.keyed), bound.filter((one) => !one.keyed)];
      // First, before anything else takes time: what comes behind these in their order keys may be asked for already.
      for (const { id } of keyed) await this.rounds.run(id, batch, wait);
      await this.runOf(others, batch);
    }
  }

  /** Runs what can be claimed of these events, and what waited for it; returns the positions of the former. */
  private async runOf(bound: readonly BoundHandler[], positions: readonly number[]): Promise<number[]> {
    const quotas = bound.map(({ id }) => ({ handlerId: id, take: positions.length }));
    const { workerId, claimed } = await this.parts.claim(quotas, positions);
    const promoted: DeliveryId[] = [];
    await inParallel(claimed, this.parts.limit, async (delivery) => {
      const its = bound.find(({ id }) => id === delivery.handlerId);
      if (its) promoted.push(...(await this.parts.run(delivery, its, workerId)));
    });
    if (promoted.length > 0) await this.runPromoted(promoted);
    return claimed.map(({ position }) => position);
  }

  /** No order key holds it back: ordered handlers wait for nobody. */
  private async runPromoted(promoted: Promoted): Promise<void> {
    const positions = new Set(promoted.map(({ position }) => position));
    const handlerIds = promoted.map(({ handlerId }) => handlerId);
    await this.runOf(this.handlersOf(handlerIds), [...positions]);
  }

  private handlersOf(ids: readonly number[]): BoundHandler[] {
    return this.parts.handlers().filter(({ id }) => ids.includes(id));
  }
}
