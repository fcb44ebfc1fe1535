import type { ClaimQuota } from '../store/dialect.js';
import type { ClaimedDelivery } from '../store/rows.js';
import type { BoundHandler } from './runs.js';

/** Milliseconds. */
const SHORTEST = 1;
const LONGEST = 16;

/**
 * Puts the next claim off while deliveries keep coming a few at a time, so that they are claimed, and marked, in fewer and
 * larger statements. Not while there is a backlog, and not while one comes after the other, as in a chain of handlers
 * that emit events, or in an order key.
 */
export class ClaimPace {
  private pause = 0;
  private timer?: NodeJS.Timeout;

  constructor(
    /** Claims what has come meanwhile. */
    private readonly claim: () => void,
    private readonly handlers: () => readonly BoundHandler[],
  ) {}

  /** The next claim is put off: whoever asks for one need do nothing. */
  get isWaiting(): boolean {
    return this.timer !== undefined;
  }

  /** A claim found these. */
  found(claimed: readonly ClaimedDelivery[], quotas: readonly ClaimQuota[]): void {
    const asked = quotas.reduce((sum, { take }) => sum + take, 0);
    const keepComing = claimed.length < asked && this.isSeveralOfOne(claimed);
    this.pause = keepComing ? Math.min(LONGEST, Math.max(SHORTEST, this.pause * 2)) : 0;
    if (keepComing) this.timer = setTimeout(() => this.end(), this.pause);
  }

  private end(): void {
    this.timer = undefined;
    this.claim();
  }

  /** Of some handler there is more than one, and none waits for another. */
  private isSeveralOfOne(claimed: readonly ClaimedDelivery[]): boolean {
    const ids = new Set(claimed.map(({ handlerId }) => handlerId));
    return claimed.length > ids.size && !this.handlers().some(({ id, keyed }) => keyed && ids.has(id));
  }
}
