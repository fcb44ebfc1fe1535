import type {
  EntitySubscriberInterface,
  QueryRunner,
  TransactionCommitEvent,
  TransactionRollbackEvent,
  TransactionStartEvent,
} from 'typeorm';
import type { AppendedEvent } from './appended-event.js';
import { Depths } from './depths.js';

/** Told of what TypeORM's hooks say of the transactions in which events were appended. */
export interface TransactionListener {
  /** TypeORM says that the transaction has been committed. That is a report, not a proof. */
  reported(runner: QueryRunner, events: readonly AppendedEvent[]): void;
  /** TypeORM says that the events were rolled back. */
  undone(events: readonly AppendedEvent[]): void;
}

interface Uncommitted {
  depth: number;
  events: readonly AppendedEvent[];
}

/**
 * Follows each runner's transaction from an append to its end. Events are kept by savepoint depth, since TypeORM's hooks
 * fire for savepoints too: what was appended inside of one goes with its rollback, and stays with its release.
 */
export class CommitTracker implements EntitySubscriberInterface {
  private readonly open = new WeakMap<QueryRunner, Uncommitted[]>();

  constructor(
    private readonly listener: TransactionListener,
    readonly depths = new Depths(),
  ) {}

  /** Events were appended on this runner. */
  appended(runner: QueryRunner, events: readonly AppendedEvent[]): void {
    if (!runner.isTransactionActive) return this.listener.reported(runner, events);
    const uncommitted = { depth: this.depths.of(runner), events };
    const open = this.open.get(runner);
    if (open) open.push(uncommitted);
    else this.open.set(runner, [uncommitted]);
  }

  afterTransactionStart({ queryRunner }: TransactionStartEvent): void {
    this.depths.began(queryRunner);
  }

  afterTransactionCommit({ queryRunner }: TransactionCommitEvent): void {
    this.depths.ended(queryRunner);
    const open = this.open.get(queryRunner);
    if (!open) return;
    const depth = this.depths.of(queryRunner);
    if (depth > 0) {
      for (const uncommitted of open) uncommitted.depth = Math.min(uncommitted.depth, depth);
      return;
    }
    this.open.delete(queryRunner);
    this.listener.reported(queryRunner, eventsOf(open));
  }

  afterTransactionRollback({ queryRunner }: TransactionRollbackEvent): void {
    this.depths.ended(queryRunner);
    const open = this.open.get(queryRunner);
    if (!open) return;
    const depth = this.depths.of(queryRunner);
    const kept = open.filter((uncommitted) => uncommitted.depth <= depth);
    if (kept.length > 0) this.open.set(queryRunner, kept);
    else this.open.delete(queryRunner);
    this.listener.undone(eventsOf(open.filter((uncommitted) => uncommitted.depth > depth)));
  }
}

function eventsOf(all: readonly Uncommitted[]): readonly AppendedEvent[] {
  return all.length === 1 ? all[0]!.events : all.flatMap(({ events }) => events);
}
