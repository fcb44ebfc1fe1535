import type { QueryRunner } from 'typeorm';
import type { Depths } from '../store/commits/depths.js';

interface RefusedWrite {
  depth: number;
  error: Error;
}

/**
 * Writes that were refused when they had been made already, inside of a transaction: it must not be committed with them,
 * whatever the application made of the error. A rollback, to a savepoint too, undoes the write, and then it counts no more.
 */
export class RefusedWrites {
  private readonly open = new WeakMap<QueryRunner, RefusedWrite[]>();

  constructor(
    private readonly depths: Pick<Depths, 'of'>,
    /** Whose commit decides on what a query runner writes. Default: its own. */
    private readonly outermost: (runner: QueryRunner) => QueryRunner = (runner) => runner,
  ) {}

  /** A write was refused. Outside of a transaction it stands, and there is nothing to hold back. */
  add(runner: QueryRunner, error: Error): void {
    if (!runner.isTransactionActive) return;
    const deciding = this.outermost(runner);
    this.open.set(deciding, [...(this.open.get(deciding) ?? []), { depth: this.depths.of(runner), error }]);
  }

  /** Why the transaction or savepoint that is about to be committed cannot be. */
  reasonAgainstCommit(runner: QueryRunner): Error | undefined {
    const depth = this.depths.of(runner);
    return this.open.get(this.outermost(runner))?.find((write) => write.depth >= depth)?.error;
  }

  /** A transaction or savepoint was rolled back. */
  rolledBack(runner: QueryRunner): void {
    const deciding = this.outermost(runner);
    const open = this.open.get(deciding);
    if (!open) return;
    const depth = this.depths.of(runner);
    const kept = open.filter((write) => write.depth <= depth);
    if (kept.length > 0) this.open.set(deciding, kept);
    else this.open.delete(deciding);
  }
}
