import type {
  EntitySubscriberInterface,
  QueryRunner,
  TransactionCommitEvent,
  TransactionRollbackEvent,
} from 'typeorm';

interface Recorded {
  depth: number;
  positions: readonly number[];
}

/**
 * Tells which events were committed, and when: kept by query runner and savepoint depth, since TypeORM's commit hook
 * fires for the release of a savepoint too.
 */
export class CommitTracker implements EntitySubscriberInterface {
  private readonly open = new WeakMap<QueryRunner, Recorded[]>();

  constructor(private readonly committed: (runner: QueryRunner, positions: readonly number[]) => void) {}

  /** Events were recorded on this runner. */
  recorded(runner: QueryRunner, positions: readonly number[]): void {
    if (!runner.isTransactionActive) return this.committed(runner, positions);
    const recorded = { depth: depthOf(runner), positions };
    const open = this.open.get(runner);
    if (open) open.push(recorded);
    else this.open.set(runner, [recorded]);
  }

  afterTransactionCommit({ queryRunner }: TransactionCommitEvent): void {
    const open = this.open.get(queryRunner);
    if (!open) return;
    if (queryRunner.isTransactionActive) {
      const depth = depthOf(queryRunner);
      for (const recorded of open) recorded.depth = Math.min(recorded.depth, depth);
      return;
    }
    this.open.delete(queryRunner);
    const positions = open.flatMap((recorded) => recorded.positions);
    if (positions.length > 0) this.committed(queryRunner, positions);
  }

  afterTransactionRollback({ queryRunner }: TransactionRollbackEvent): void {
    const open = this.open.get(queryRunner);
    if (!open) return;
    const depth = queryRunner.isTransactionActive ? depthOf(queryRunner) : 0;
    const kept = open.filter((recorded) => recorded.depth <= depth);
    if (kept.length > 0) this.open.set(queryRunner, kept);
    else this.open.delete(queryRunner);
  }
}

/** TypeORM keeps the depth of savepoints to itself. */
function depthOf(runner: QueryRunner): number {
  return (runner as unknown as { transactionDepth: number }).transactionDepth;
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
