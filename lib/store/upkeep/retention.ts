import { setTimeout as wait } from 'node:timers/promises';
import type { Database } from '../db/database.js';
import type { HandlerRegistry } from '../registry/handler-registry.js';
import { Lease } from '../db/lease.js';
import type { HeldLease } from '../ports/held-lease.js';
import { pruneDead, pruneFinished, type Pruning } from './prune-deliveries.js';
import { EVENT, EventSweep, PAYLOAD } from './prune-events.js';

/** Milliseconds. */
const LEASE = 60_000;
const SHORTEST_BREATH = 10;
const LONGEST_BREATH = 1000;

/** For how many milliseconds things are kept; undefined keeps them for ever. */
export interface RetentionPolicy {
  /** Succeeded and cancelled deliveries, from when they ended so. */
  succeeded?: number;
  cancelled?: number;
  /** Dead ones, from their last failure. */
  dead?: number;
  /** Data of events, from when they were recorded. */
  payload?: number;
  /** Events with their keys, from when they were recorded. */
  events?: number;
  /** Rows in one transaction. */
  batchSize: number;
}

const AGES = ['succeeded', 'cancelled', 'dead', 'payload', 'events'] as const;

/** What was removed. */
export interface RetentionReport {
  succeeded: number;
  cancelled: number;
  /** Dead deliveries by the names of their handlers. */
  dead: Record<string, number>;
  payloads: number;
  events: number;
}

/**
 * Removes what is old and needed no more, in one process at a time: in batches, each a short transaction, with a pause
 * as long as the batch took.
 */
export class Retention {
  private readonly lease: Lease;

  constructor(
    private readonly database: Database,
    private readonly registry: HandlerRegistry,
    private readonly policy: RetentionPolicy,
  ) {
    this.lease = new Lease(database, 'retention', LEASE);
  }

  /** Nothing is ever removed: the option `retention` says so. */
  get keepsAll(): boolean {
    const { batchSize: _, ...ages } = this.policy;
    return AGES.every((name) => ages[name] === undefined);
  }

  /**
   * Removes all that is old enough now. Ends early when `signal` is aborted. `progress` is told after each batch what
   * was removed so far. Undefined when another process is at it.
   */
  async run(
    signal?: AbortSignal,
    progress?: (soFar: RetentionReport) => void,
  ): Promise<RetentionReport | undefined> {
    return this.lease.hold<RetentionReport | undefined>(
      async (lease) => {
        const report: RetentionReport = { succeeded: 0, cancelled: 0, dead: {}, payloads: 0, events: 0 };
        const pace = new Pace(lease, signal);
        for await (const [pruning, count] of this.prunings()) {
          const removed = (pruned: number) => {
            count(report, pruned);
            progress?.(report);
          };
          if (!(await pace.run(pruning, removed))) break;
        }
        return report;
      },
      () => undefined,
    );
  }

  /** Dead deliveries first: they hold back payloads and events, and these finished ones. */
  private async *prunings(): AsyncGenerator<[Pruning, (report: RetentionReport, pruned: number) => void]> {
    const { database, registry, policy } = this;
    const now = await this.now();
    const { succeeded, cancelled, dead, payload, events, batchSize } = policy;
    await registry.refresh();
    for (const { id, name } of dead === undefined ? [] : registry.known) {
      const count = ({ dead }: RetentionReport, pruned: number) => (dead[name] = (dead[name] ?? 0) + pruned);
      yield [pruneDead(database, id, now - dead!, batchSize), count];
    }
    if (events !== undefined)
      yield [await this.sweep(EVENT, now, events), (report, pruned) => (report.events += pruned)];
    if (payload !== undefined)
      yield [await this.sweep(PAYLOAD, now, payload), (report, pruned) => (report.payloads += pruned)];
    for (const [state, age] of [
      ['succeeded', succeeded],
      ['cancelled', cancelled],
    ] as const) {
      if (age === undefined) continue;
      yield [
        pruneFinished(database, state, now - age, batchSize),
        (report, pruned) => (report[state] += pruned),
      ];
    }
  }

  private async sweep(removal: typeof EVENT, now: number, age: number): Promise<Pruning> {
    const sweep = new EventSweep(this.database, this.registry, removal, this.policy.batchSize, now);
    await sweep.lookBack();
    return () => sweep.prune(age);
  }

  /** As a number, since no index is searched by a clock that moves on. */
  private async now(): Promise<number> {
    const now = this.database.time();
    const row = await this.database.run((sql) => sql.row(`SELECT ${now.sql} AS now`, now.parameters));
    return Number(row!.now);
  }
}

/** How fast batches follow each other, and whether they go on at all. */
class Pace {
  constructor(
    private readonly lease: HeldLease,
    private readonly signal: AbortSignal | undefined,
  ) {}

  /** False when it was ended early. */
  async run(pruning: Pruning, removed: (pruned: number) => void): Promise<boolean> {
    for (;;) {
      if (this.signal?.aborted || !(await this.lease.keep())) return false;
      const started = performance.now();
      const { pruned, done } = await pruning();
      if (pruned > 0) removed(pruned);
      if (done) return true;
      await this.breathe(performance.now() - started);
    }
  }

  /** Half of the time is others'. */
  private async breathe(taken: number): Promise<void> {
    const pause = Math.min(Math.max(taken, SHORTEST_BREATH), LONGEST_BREATH);
    await wait(pause, undefined, this.signal ? { signal: this.signal } : {}).catch(() => undefined);
  }
}
