import type { QueryRunner } from 'typeorm';
import type { RescanProgress, RescanRequest, RescanState } from '../../lib/store/ports/rescan-state.js';

/** A `RescanState` in memory; its lease never lapses by itself. */
export class MemoryRescanState implements RescanState {
  owner: string | undefined;
  /** What was asked for, in order, with whether a transaction was active. */
  readonly requested: { id: number; entity: string; inTransaction: boolean }[] = [];
  readonly scans = new Map<string, RescanProgress>();
  readonly started = new Map<string, Date>();
  private nextId = 1;

  async acquire(owner: string): Promise<boolean> {
    if (this.owner !== undefined) return false;
    this.owner = owner;
    return true;
  }

  async extend(owner: string): Promise<boolean> {
    return this.owner === owner;
  }

  async release(owner: string): Promise<void> {
    if (this.owner === owner) this.owner = undefined;
  }

  async progress(scan: string): Promise<RescanProgress | undefined> {
    return this.scans.get(scan);
  }

  async begin(scan: string): Promise<void> {
    this.scans.set(scan, { cursor: null, startedAt: new Date(), finishedAt: null });
  }

  async advance(scan: string, cursor: string): Promise<void> {
    this.scans.set(scan, { ...this.scans.get(scan)!, cursor });
  }

  async finish(scan: string): Promise<void> {
    this.scans.set(scan, { ...this.scans.get(scan)!, finishedAt: new Date() });
  }

  async request(entity: string, runner: QueryRunner): Promise<void> {
    this.requested.push({ id: this.nextId++, entity, inTransaction: runner.isTransactionActive });
  }

  async requests(): Promise<RescanRequest[]> {
    const entities = [...new Set(this.requested.map(({ entity }) => entity))];
    return entities.map((entity) => ({
      entity,
      lastStartedAt: this.started.get(entity),
    }));
  }

  async beginRequested(entity: string): Promise<void> {
    this.started.set(entity, new Date());
  }

  async requestIds(entity: string): Promise<number[]> {
    return this.requested.filter((one) => one.entity === entity).map(({ id }) => id);
  }

  async clearRequests(ids: readonly number[]): Promise<void> {
    const left = this.requested.filter(({ id }) => !ids.includes(id));
    this.requested.splice(0, this.requested.length, ...left);
  }
}
