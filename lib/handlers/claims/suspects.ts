import type { ClaimQuota } from '../../store/ports/delivery-sql.js';
import type { ClaimedDelivery } from '../../store/ports/rows.js';
import type { BoundHandler } from './runs.js';
import { settledWithin } from '../../runtime/deadline.js';

export interface SuspectsParts {
  handlers: () => readonly BoundHandler[];
  /** Whether one of them has something due that may have killed its process. */
  areDue: (quotas: readonly ClaimQuota[]) => Promise<boolean>;
  /** Gives back what waits for a slot; resolves when what runs has ended, which may take for ever. */
  clear: () => Promise<void>;
  take: (quota: ClaimQuota) => Promise<{ workerId: number; claimed: readonly ClaimedDelivery[] }>;
  giveBack: (deliveries: readonly ClaimedDelivery[]) => Promise<void>;
  run: (delivery: ClaimedDelivery, bound: BoundHandler, workerId: number) => Promise<unknown>;
  isStopped: () => boolean;
  /** Milliseconds that a suspect, or what runs before it, keeps the others waiting, at most. */
  aloneFor: number;
}

/** Runs deliveries that may have killed their process alone, one by one, so that the next death tells which it was. */
export class Suspects {
  /** Nothing else may be claimed or started meanwhile. */
  areRunning = false;

  constructor(private readonly parts: SuspectsParts) {}

  /**
   * Lets what runs end, then runs one suspect of each handler. Neither what runs long nor a suspect that hangs holds the
   * others up for longer than `aloneFor`: then they run side by side. Resolves with whether there was anything to run.
   */
  async runDue(): Promise<boolean> {
    const { handlers, areDue, isStopped, clear, aloneFor } = this.parts;
    if (this.areRunning || isStopped()) return false;
    const quotas = handlers().map(({ id }) => ({ handlerId: id, take: 1 }));
    if (!(await areDue(quotas))) return false;
    this.areRunning = true;
    try {
      await settledWithin(clear(), aloneFor);
      for (const quota of quotas) await this.runOne(quota);
      return true;
    } finally {
      this.areRunning = false;
    }
  }

  private async runOne(quota: ClaimQuota): Promise<void> {
    const { handlers, isStopped, take, giveBack, run, aloneFor } = this.parts;
    if (isStopped()) return;
    const { workerId, claimed } = await take(quota);
    const bound = handlers().find(({ id }) => id === quota.handlerId);
    if (isStopped() || !bound) return giveBack(claimed);
    const runs = claimed.map((delivery) => run(delivery, bound, workerId));
    await settledWithin(Promise.all(runs), aloneFor);
  }
}
