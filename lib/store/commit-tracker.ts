import type {
  EntitySubscriberInterface,
  QueryRunner,
  TransactionCommitEvent,
  TransactionRollbackEvent,
} from 'typeorm';
import { depthOf } from './transaction-depth.js';

/** Events that were recorded. */
export interface Recorded {
  positions: readonly number[];
  /** Of their deliveries that are due at once: one for each delivery. */
  handlerIds: readonly number[];
}

interface Uncommitted {
  depth: number;
  recorded: Recorded;
}

/**
 * Tells which events were committed, and when: kept by query runner and savepoint depth, since TypeORM's commit hook
 * fires for the release of a savepoint too.
 */
export class CommitTracker implements EntitySubscriberInterface {
  private readonly open = new WeakMap<QueryRunner, Uncommitted[]>();

  constructor(private readonly committed: (runner: QueryRunner, recorded: Recorded) => void) {}

  /** Events were recorded on this runner. */
  recorded(runner: QueryRunner, recorded: Recorded): void {
    if (!runner.isTransactionActive) return this.committed(runner, recorded);
    const uncommitted = { depth: depthOf(runner), recorded };
    const open = this.open.get(runner);
    if (open) open.push(uncommitted);
    else this.open.set(runner, [uncommitted]);
  }

  afterTransactionCommit({ queryRunner }: TransactionCommitEvent): void {
    const open = this.open.get(queryRunner);
    if (!open) return;
    if (queryRunner.isTransactionActive) {
      const depth = depthOf(queryRunner);
      for (const uncommitted of open) uncommitted.depth = Math.min(uncommitted.depth, depth);
      return;
    }
    this.open.delete(queryRunner);
    const positions = open.flatMap(({ recorded }) => recorded.positions);
    const handlerIds = open.flatMap(({ recorded }) => recorded.handlerIds);
    if (positions.length > 0) this.committed(queryRunner, { positions, handlerIds });
  }

  afterTransactionRollback({ queryRunner }: TransactionRollbackEvent): void {
    const open = this.open.get(queryRunner);
    if (!open) return;
    const depth = queryRunner.isTransactionActive ? depthOf(queryRunner) : 0;
    const kept = open.filter((uncommitted) => uncommitted.depth <= depth);
    if (kept.length > 0) this.open.set(queryRunner, kept);
    else this.open.delete(queryRunner);
  }
}

/** Runs `work` once the runner has given its connection back; whoever awaits the release waits for it. */
export function afterRelease(runner: QueryRunner, work: () => Promise<void>): void {
  const release = runner.release.bind(runner);
  runner.release = async () => {
    runner.release = release;
    await release();
    await work();
  };
}
