import type { QueryRunner } from 'typeorm';

/**
 * How many transactions and savepoints are open on each runner, one inside of the other, as TypeORM's hooks tell of their
 * beginnings and ends. A transaction that began before anybody counted has depth 1.
 */
export class Depths {
  private readonly open = new WeakMap<QueryRunner, number>();

  /** `known` tells the depth where the library's own runners are in use, which know it themselves. */
  constructor(private readonly known?: (runner: QueryRunner) => number) {}

  /** 0 where no transaction is open. */
  of(runner: QueryRunner): number {
    if (this.known) return this.known(runner);
    return runner.isTransactionActive ? Math.max(1, this.open.get(runner) ?? 1) : 0;
  }

  /** A transaction or a savepoint began: by `afterTransactionStart`. */
  began(runner: QueryRunner): void {
    this.open.set(runner, (this.open.get(runner) ?? 0) + 1);
  }

  /** A transaction or a savepoint ended: by `afterTransactionCommit` or `afterTransactionRollback`. */
  ended(runner: QueryRunner): void {
    const left = (this.open.get(runner) ?? 1) - 1;
    if (left > 0 && runner.isTransactionActive) this.open.set(runner, left);
    else this.open.delete(runner);
  }
}
