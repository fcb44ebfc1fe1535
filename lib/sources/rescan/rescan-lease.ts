import type { RescanState } from '../../store/ports/rescan-state.js';
import { RescanInProgressError, RescanLeaseLostError } from './errors.js';

const LEASE = 30_000;
const EXTEND_EVERY = 10_000;

/** Holds the cluster's one re-scan lease while a run lasts: extended by page, and by a timer during slow ones. */
export class RescanLease {
  private lost = false;

  private constructor(
    private readonly state: RescanState,
    private readonly owner: string,
  ) {}

  /** Runs `work` under the lease; rejects with `RescanInProgressError` when another owner has it. */
  static async hold<T>(
    state: RescanState,
    owner: string,
    work: (lease: RescanLease) => Promise<T>,
  ): Promise<T> {
    if (!(await state.acquire(owner, LEASE))) throw new RescanInProgressError();
    const lease = new RescanLease(state, owner);
    const timer = setInterval(() => lease.extendQuietly(), EXTEND_EVERY);
    timer.unref();
    try {
      return await work(lease);
    } finally {
      clearInterval(timer);
      if (!lease.lost) await state.release(owner);
    }
  }

  /** Rejects with `RescanLeaseLostError` when the lease has lapsed and is another's. */
  async extend(): Promise<void> {
    this.lost ||= !(await this.state.extend(this.owner, LEASE));
    if (this.lost) throw new RescanLeaseLostError();
  }

  /** What fails here shows at the next page. */
  private extendQuietly(): void {
    this.extend().catch(() => undefined);
  }
}
