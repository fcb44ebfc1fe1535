import type { QueryRunner } from 'typeorm';

/** Keeps something for each event that is recorded and not committed yet, by runner: a rollback forgets it with the runner. */
export class UntilCommit<T> {
  private readonly open = new WeakMap<QueryRunner, Map<number, T>>();

  constructor(private readonly told: (kept: T) => void) {}

  recorded(runner: QueryRunner, position: number, kept: T): void {
    const known = this.open.get(runner);
    if (known) known.set(position, kept);
    else this.open.set(runner, new Map([[position, kept]]));
  }

  /** The events at these positions were committed: tells what was kept for them. */
  committed(runner: QueryRunner, positions: readonly number[]): void {
    const known = this.open.get(runner);
    if (!known) return;
    this.open.delete(runner);
    for (const position of positions) {
      const kept = known.get(position);
      if (kept !== undefined) this.told(kept);
    }
  }
}
