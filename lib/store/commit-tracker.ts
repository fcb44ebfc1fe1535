import type { Preclaimed } from './preclaims.js';
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
  /** Of their pending deliveries that are due at once: one for each delivery. */
  handlerIds: readonly number[];
  /** Their deliveries that this process has claimed already. */
  preclaimed: readonly Preclaimed[];
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

  constructor(
    private readonly committed: (runner: QueryRunner, recorded: Recorded) => void,
    /** What was claimed with events that were rolled back. */
    private readonly undone: (preclaimed: readonly Preclaimed[]) => void,
    /** The transaction that recorded these is about to be committed. */
    private readonly committing: (runner: QueryRunner, recorded: Recorded) => void = () => undefined,
  ) {}

  /** Events were recorded on this runner. */
  recorded(runner: QueryRunner, recorded: Recorded): void {
    if (!runner.isTransactionActive) return this.committed(runner, recorded);
    const uncommitted = { depth: depthOf(runner), recorded };
    const open = this.open.get(runner);
    if (open) open.push(uncommitted);
    else this.open.set(runner, [uncommitted]);
  }

  beforeTransactionCommit({ queryRunner }: TransactionCommitEvent): void {
    const open = this.open.get(queryRunner);
    const isOutermost = depthOf(queryRunner) === 1;
    if (open && isOutermost) this.committing(queryRunner, together(open.map(({ recorded }) => recorded)));
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
    this.committed(queryRunner, together(open.map(({ recorded }) => recorded)));
  }

  afterTransactionRollback({ queryRunner }: TransactionRollbackEvent): void {
    const open = this.open.get(queryRunner);
    if (!open) return;
    const depth = queryRunner.isTransactionActive ? depthOf(queryRunner) : 0;
    const kept = open.filter((uncommitted) => uncommitted.depth <= depth);
    if (kept.length > 0) this.open.set(queryRunner, kept);
    else this.open.delete(queryRunner);
    const gone = open.filter((uncommitted) => uncommitted.depth > depth);
    this.undone(gone.flatMap(({ recorded }) => recorded.preclaimed));
  }
}

function together(all: readonly Recorded[]): Recorded {
  if (all.length === 1) return all[0]!;
  return {
    positions: all.flatMap(({ positions }) => positions),
    handlerIds: all.flatMap(({ handlerIds }) => handlerIds),
    preclaimed: all.flatMap(({ preclaimed }) => preclaimed),
  };
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
