import type { QueryRunner } from 'typeorm';
import type { HeldLease } from '../../lib/store/ports/held-lease.js';
import type { RescanProgress, RescanRequest, RescanState } from '../../lib/store/ports/rescan-state.js';

/** A `RescanState` in memory; its lease never lapses by itself. */
export class MemoryRescanState implements RescanState {
  /** Somebody has the lease, or has taken it over. */
  isHeld = false;
  isLost = false;
  /** What was asked for, in order, with whether a transaction was active. */
  readonly requested: { id: number; entity: string; inTransaction: boolean }[] = [];
  readonly scans = new Map<string, RescanProgress>();
  /** Milliseconds ago, by entity. */
  readonly started = new Map<string, number>();
  private nextId = 1;

  async hold<T>(work: (held: HeldLease) => Promise<T>, otherwise: () => T): Promise<T> {
    if (this.isHeld) return otherwise();
    this.isHeld = true;
    try {
      return await work({ keep: async () => !this.isLost });
    } finally {
      this.isHeld = false;
    }
  }

  async progress(scan: string): Promise<RescanProgress | undefined> {
    return this.scans.get(scan);
  }

  async begin(scan: string): Promise<void> {
    this.scans.set(scan, { cursor: null, startedAgo: 0, isFinished: false });
  }

  async advance(scan: string, from: string | null, to: string): Promise<boolean> {
    const progress = this.scans.get(scan)!;
    if (progress.cursor !== from) return false;
    this.scans.set(scan, { ...progress, cursor: to });
    return true;
  }

  async finish(scan: string): Promise<void> {
    this.scans.set(scan, { ...this.scans.get(scan)!, isFinished: true });
  }

  async request(entity: string, runner: QueryRunner): Promise<void> {
    this.requested.push({ id: this.nextId++, entity, inTransaction: runner.isTransactionActive });
  }

  async requests(): Promise<RescanRequest[]> {
    const entities = [...new Set(this.requested.map(({ entity }) => entity))];
    return entities.map((entity) => ({
      entity,
      lastStartedAgo: this.started.get(entity),
    }));
  }

  async beginRequested(entity: string): Promise<void> {
    this.started.set(entity, 0);
  }

  async requestIds(entity: string): Promise<number[]> {
    return this.requested.filter((one) => one.entity === entity).map(({ id }) => id);
  }

  async clearRequests(ids: readonly number[]): Promise<void> {
    const left = this.requested.filter(({ id }) => !ids.includes(id));
    this.requested.splice(0, this.requested.length, ...left);
  }
}
