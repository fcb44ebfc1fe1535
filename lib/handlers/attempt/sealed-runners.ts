import type { EntitySubscriberInterface, QueryRunner } from 'typeorm';

interface Told {
  queryRunner: QueryRunner;
}

/**
 * Refuses the statements that a failed handler still sends through its manager, such as those beside the one that failed
 * in a `Promise.all`: behind the rollback they would be transactions of their own, and stay. A subscriber, since TypeORM
 * asks `beforeQuery` before it sends a statement.
 */
export class SealedRunners implements EntitySubscriberInterface {
  private readonly reasons = new WeakMap<QueryRunner, { reason: unknown }>();
  /** Runners whose next statement is a rollback. Where another one comes first the rollback fails, and its connection ends. */
  private readonly rollingBack = new WeakSet<QueryRunner>();

  /** From now on statements of the runner fail with `reason`, rollbacks excepted. */
  seal(runner: QueryRunner, reason: unknown): void {
    this.reasons.set(runner, { reason });
  }

  beforeTransactionRollback({ queryRunner }: Told): void {
    this.rollingBack.add(queryRunner);
  }

  afterTransactionRollback({ queryRunner }: Told): void {
    this.rollingBack.delete(queryRunner);
  }

  beforeQuery({ queryRunner }: Told): void {
    const sealed = this.reasons.get(queryRunner);
    if (sealed && !this.rollingBack.delete(queryRunner)) throw sealed.reason;
  }
}
