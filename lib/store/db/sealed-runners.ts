import type { AfterQueryEvent, EntitySubscriberInterface, QueryRunner } from 'typeorm';

interface Told {
  queryRunner: QueryRunner;
}

interface Guard {
  readonly isFatal: (error: unknown) => boolean;
  failure?: { readonly error: unknown } | undefined;
}

/**
 * Refuses the statements that a failed handler, or a follower's method, still sends through its manager, such as those beside the one that failed
 * in a `Promise.all`: behind the rollback they would be transactions of their own, and stay. A subscriber, since TypeORM
 * asks `beforeQuery` before it sends a statement.
 */
export class SealedRunners implements EntitySubscriberInterface {
  private readonly reasons = new WeakMap<QueryRunner, { reason: unknown }>();
  private readonly guards = new WeakMap<QueryRunner, Guard>();
  /** Runners whose next statement is a rollback. Where another one comes first the rollback fails, and its connection ends. */
  private readonly rollingBack = new WeakSet<QueryRunner>();

  /** From now on statements of the runner fail with `reason`, rollbacks excepted. */
  seal(runner: QueryRunner, reason: unknown): void {
    this.reasons.set(runner, { reason });
  }

  /**
   * From now on keeps what made a statement of the runner fail, for `failureOf`. Where `isFatal` says so, the transaction is
   * gone, as after a deadlock: what is still sent would be a transaction of its own, and is refused.
   */
  guard(runner: QueryRunner, isFatal: (error: unknown) => boolean): void {
    this.guards.set(runner, { isFatal });
  }

  /** What made a statement of a guarded runner fail since this was last asked; undefined: none has. */
  failureOf(runner: QueryRunner): { readonly error: unknown } | undefined {
    const guard = this.guards.get(runner);
    const failure = guard?.failure;
    if (guard) guard.failure = undefined;
    return failure;
  }

  afterQuery({ queryRunner, success, error }: AfterQueryEvent): void {
    const guard = success ? undefined : this.guards.get(queryRunner);
    if (!guard) return;
    const isFatal = guard.isFatal(error);
    if (isFatal || !guard.failure) guard.failure = { error };
    if (isFatal) this.seal(queryRunner, error);
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
