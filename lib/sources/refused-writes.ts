import type { QueryRunner } from 'typeorm';
import { depthOf } from '../store/transaction-depth.js';

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

  /** `outermost` tells whose commit decides on what a query runner writes. */
  constructor(private readonly outermost: (runner: QueryRunner) => QueryRunner = (runner) => runner) {}

  /** A write was refused. Outside of a transaction it stands, and there is nothing to hold back. */
  add(runner: QueryRunner, error: Error): void {
    if (!runner.isTransactionActive) return;
    const deciding = this.outermost(runner);
    this.open.set(deciding, [...(this.open.get(deciding) ?? []), { depth: depthOf(runner), error }]);
  }

  /** Why the transaction or savepoint that is about to be committed cannot be. */
  reasonAgainstCommit(runner: QueryRunner): Error | undefined {
    const depth = depthOf(runner);
    return this.open.get(this.outermost(runner))?.find((write) => write.depth >= depth)?.error;
  }

  /** A transaction or savepoint was rolled back. */
  rolledBack(runner: QueryRunner): void {
    const deciding = this.outermost(runner);
    const open = this.open.get(deciding);
    if (!open) return;
    const depth = runner.isTransactionActive ? depthOf(runner) : 0;
    const kept = open.filter((write) => write.depth <= depth);
    if (kept.length > 0) this.open.set(deciding, kept);
    else this.open.delete(deciding);
  }
}
