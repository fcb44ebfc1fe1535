import { AsyncLocalStorage } from 'node:async_hooks';
import type { QueryRunner } from 'typeorm';

interface OpenBatch<T> {
  items: T[];
  settled: Promise<void>;
}

/**
 * TypeORM calls the hooks of one phase one after the other, then awaits all of them at once. What one phase adds for
 * one query runner is processed together, and no two batches of a runner at the same time: a connection takes one
 * statement at a time.
 */
export class WriteBatches<T> {
  private readonly open = new WeakMap<QueryRunner, OpenBatch<T>>();
  private readonly openInside = new WeakMap<QueryRunner, OpenBatch<T>>();
  private readonly last = new WeakMap<QueryRunner, Promise<void>>();
  /** The runners whose batch the current call is part of: a source that saves must not wait for itself. */
  private readonly inside = new AsyncLocalStorage<ReadonlySet<QueryRunner>>();

  constructor(
    private readonly process: (items: T[], runner: QueryRunner) => Promise<void>,
    /** Whether processing these may wait for writes of its own. Where not, no promise pays for an async context. */
    private readonly mayWrite: (items: readonly T[]) => boolean = () => true,
  ) {}

  /** Settles with the batch that the item has become part of. */
  add(runner: QueryRunner, item: T): Promise<void> {
    const batch = this.batches(runner).get(runner) ?? this.begin(runner);
    batch.items.push(item);
    return batch.settled;
  }

  /** What has been added for the runner in this phase. */
  pending(runner: QueryRunner): readonly T[] {
    return this.batches(runner).get(runner)?.items ?? [];
  }

  /** Resolves when no batch of the runner is being processed; undefined when none is, or for a call out of one. */
  idle(runner: QueryRunner): Promise<void> | undefined {
    return this.isInside(runner) ? undefined : this.last.get(runner)?.catch(() => undefined);
  }

  private isInside(runner: QueryRunner): boolean {
    return this.inside.getStore()?.has(runner) ?? false;
  }

  private batches(runner: QueryRunner): WeakMap<QueryRunner, OpenBatch<T>> {
    return this.isInside(runner) ? this.openInside : this.open;
  }

  private begin(runner: QueryRunner): OpenBatch<T> {
    const items: T[] = [];
    const batches = this.batches(runner);
    const settled = Promise.resolve(this.idle(runner)).then(() => {
      batches.delete(runner);
      if (!this.mayWrite(items)) return this.process(items, runner);
      const runners = new Set(this.inside.getStore()).add(runner);
      return this.inside.run(runners, () => this.process(items, runner));
    });
    const batch = { items, settled };
    batches.set(runner, batch);
    this.track(runner, settled, batches === this.open);
    return batch;
  }

  private track(runner: QueryRunner, settled: Promise<void>, outermost: boolean): void {
    if (outermost) this.last.set(runner, settled);
    const forget = () => {
      if (this.last.get(runner) === settled) this.last.delete(runner);
    };
    // Handles the rejection too: another subscriber may have failed the write before TypeORM awaited this one.
    settled.then(forget, forget);
  }
}
