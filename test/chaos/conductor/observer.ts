import { setTimeout as wait } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { dataSourceOptionsFrom } from '../../support/data-source-options.js';
import { Account, ENTITIES, Lock, Probe } from '../app/entities.js';
import { machineTime } from '../app/journal.js';
import { LEASE } from '../app/plan.js';
import type { Interval, SessionExcess } from '../judge/evidence.js';
import type { ChaosDatabase } from '../servers/chaos-database.js';

/** Milliseconds between two looks. */
const PROBE = 100;
const SESSIONS = 250;
/**
 * A session whose client is gone is noticed by the server only when it next speaks to it, and a connection that was given
 * up since nothing was heard on it is closed when something is; a process that stands still meanwhile closes nothing.
 */
const EXCESS_ALLOWED = 10_000;

/** Watches the database from outside for as long as the run lasts: whether it answers, and who is connected. */
export class Observer {
  readonly outages: Interval[] = [];
  readonly excesses: SessionExcess[] = [];
  private readonly current = new Map<string, SessionExcess>();
  private stopped = false;
  private done: Promise<unknown> = Promise.resolve();
  private dataSource: DataSource;

  constructor(
    private readonly database: ChaosDatabase,
    private readonly sessionLimit: (process: string) => number | undefined,
  ) {}

  /** Makes the application's own tables and begins to watch. */
  async start(): Promise<void> {
    this.dataSource = await new DataSource(
      dataSourceOptionsFrom(this.database.address, { entities: ENTITIES, synchronize: true, poolSize: 2 }),
    ).initialize();
    const accounts = [1, 2].map((id) => ({ id, balance: 0 }));
    await this.dataSource.manager.insert(Account, accounts);
    await this.dataSource.manager.insert(Lock, [{ id: 1 }, { id: 2 }]);
    await this.dataSource.manager.insert(Probe, { id: 1, count: 0 });
    this.done = Promise.all([this.probe(), this.watchSessions()]);
  }

  /** Notes that the database is not to be relied on while this is done. */
  async outage<T>(work: () => Promise<T>): Promise<T> {
    const from = machineTime();
    try {
      return await work();
    } finally {
      this.outages.push({ from, to: machineTime() });
    }
  }

  query<T>(sql: string): Promise<T[]> {
    return this.dataSource.query(sql);
  }

  async stopWatching(): Promise<void> {
    this.stopped = true;
    await this.done;
  }

  async close(): Promise<void> {
    await this.dataSource.destroy();
  }

  /** A database that is slow to write is away for whoever has a lease to extend. */
  private async probe(): Promise<void> {
    while (!this.stopped) {
      const from = machineTime();
      const answered = await this.dataSource.manager.increment(Probe, { id: 1 }, 'count', 1).then(
        () => true,
        () => false,
      );
      const to = machineTime();
      if (!answered || to - from > LEASE / 3) this.outages.push({ from, to: answered ? to : to + PROBE });
      await wait(PROBE);
    }
  }

  private async watchSessions(): Promise<void> {
    const { sessions } = this.database;
    while (sessions && !this.stopped) {
      const counts = await sessions().catch(() => undefined);
      if (counts) this.compare(counts);
      await wait(SESSIONS);
    }
    this.compare(new Map());
  }

  private compare(counts: ReadonlyMap<string, number>): void {
    const now = machineTime();
    for (const [process, excess] of this.current) {
      if ((counts.get(process) ?? 0) > (this.sessionLimit(process) ?? 0)) continue;
      this.current.delete(process);
      if (now - excess.from > EXCESS_ALLOWED) this.excesses.push({ ...excess, to: now });
    }
    for (const [process, count] of counts) {
      if (count <= (this.sessionLimit(process) ?? Infinity)) continue;
      const known = this.current.get(process);
      this.current.set(process, { process, count, from: known?.from ?? now, to: now });
    }
  }
}
