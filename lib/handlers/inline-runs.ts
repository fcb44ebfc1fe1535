import type { ClaimQuota } from '../store/dialect.js';
import type { ClaimedDelivery } from '../store/rows.js';
import { chunks } from '../store/sql.js';
import { OrderedRounds } from './ordered-rounds.js';
import type { BoundHandler } from './runs.js';
import { inParallel } from './waiting.js';

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
  run: (delivery: ClaimedDelivery, bound: BoundHandler, workerId: number) => Promise<void>;
  /** Calls it outside of the context of whoever emitted the events. */
  detached: <T>(work: () => T) => T;
}

/**
 * Runs what is due of certain events, once each. Takes no slots: a handler that waits for what it emitted would wait for
 * a slot that it holds itself.
 */
export class InlineRuns {
  private readonly rounds = new OrderedRounds((handlerId, positions) =>
    this.runOf(
      this.parts.handlers().filter(({ id }) => id === handlerId),
      positions,
    ),
  );

  constructor(private readonly parts: InlineRunsParts) {}

  /** Resolves when those attempts are settled. */
  run(positions: readonly number[]): Promise<void> {
    const wait = !this.rounds.isInside;
    return this.parts.detached(() => this.runAll(positions, wait));
  }

  private async runAll(positions: readonly number[], wait: boolean): Promise<void> {
    for (const batch of chunks(positions, BATCH)) {
      const bound = this.parts.handlers();
      const [keyed, others] = [bound.filter((one) => one.keyed), bound.filter((one) => !one.keyed)];
      await this.runOf(others, batch);
      for (const { id } of keyed) await this.rounds.run(id, batch, wait);
    }
  }

  /** Runs what can be claimed of these events, and returns the positions of those. */
  private async runOf(bound: readonly BoundHandler[], positions: readonly number[]): Promise<number[]> {
    const quotas = bound.map(({ id }) => ({ handlerId: id, take: positions.length }));
    const { workerId, claimed } = await this.parts.claim(quotas, positions);
    await inParallel(claimed, this.parts.limit, async (delivery) => {
      const its = bound.find(({ id }) => id === delivery.handlerId);
      if (its) await this.parts.run(delivery, its, workerId);
    });
    return claimed.map(({ position }) => position);
  }
}
