import { setTimeout as wait } from 'node:timers/promises';
import type { QueryRunner } from 'typeorm';
import type { AppendCondition } from '../../core/append-condition.js';
import { Deadline, NoAnswerError } from '../../runtime/deadline.js';
import type { Database } from '../db/database.js';
import { DecisionConflictError } from '../ports/decision-errors.js';
import type { BucketLocks, LockWait, Match } from '../ports/decision-sql.js';
import type { Appended, EventRow } from '../ports/rows.js';
import type { Sql } from '../ports/sql.js';
import { bucketsOf, bucketsOfRows } from '../ports/tag-buckets.js';
import { assertVersionsFree } from './append-answers.js';
import { Turns } from './turns.js';

/** Milliseconds that others are waited for where nobody says. */
export const LOCK_TIMEOUT = 5000;
/** Milliseconds in a transaction of the application, in which others may wait for that. */
const MOST_INSIDE = 500;
/** Milliseconds, at most, between two tries. */
const PAUSE = 6;

/** How an append goes by a condition. */
export interface AppendTerms {
  readonly condition: AppendCondition;
  /** Until when others are waited for that hold the tags. */
  readonly deadline: Deadline;
  /**
   * The transaction is one of the library's for this alone, and may wait so: where it has to wait for too long, it fails and
   * is begun again.
   */
  readonly own?: LockWait;
}

/** Where nobody says how long others are waited for. */
export function termsOf(condition: AppendCondition | undefined): AppendTerms | undefined {
  return condition && { condition, deadline: new Deadline(LOCK_TIMEOUT) };
}

/** Appends that record nothing where what their condition was made of is not all there is any more. */
export class ConditionalAppends {
  private readonly turns = new Turns();

  constructor(
    private readonly database: Database,
    /** Records in the transaction of `sql`. */
    private readonly append: (sql: Sql, rows: readonly EventRow[]) => Promise<Appended[]>,
    private readonly random: () => number = Math.random,
  ) {}

  /** In the runner's transaction, or else in one of its own. Throws `DecisionConflictError`. */
  record(runner: QueryRunner, rows: readonly EventRow[], terms: AppendTerms): Promise<Appended[]> {
    const { condition, deadline, own } = terms;
    if (own) return this.locked(this.database.on(runner), rows, condition, own);
    if (runner.isTransactionActive) return this.inside(this.database.on(runner), rows, terms);
    return this.inTurn(condition.items, deadline, (wait) => this.alone(runner, rows, condition, wait));
  }

  /** Whether a decision of this process is at work that this one would have to wait for. */
  isTaken(items: AppendCondition['items']): boolean {
    return this.turns.isTaken(ownBuckets(items));
  }

  /**
   * Does a whole transaction when no other decision of this process is about the same, and again where other processes held what it
   * needs, until the deadline: nothing is held in between. Throws `DecisionConflictError` then.
   */
  async inTurn<T>(
    items: AppendCondition['items'],
    deadline: Deadline,
    transaction: (wait: LockWait) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.turns.take(ownBuckets(items), deadline.left, () => this.again(deadline, transaction));
    } catch (error) {
      throw error instanceof NoAnswerError
        ? new DecisionConflictError('locked', [], { cause: error })
        : error;
    }
  }

  /** Locks what the items are about, in a transaction that has done nothing before. */
  async hold(sql: Sql, items: AppendCondition['items'], wait: LockWait): Promise<void> {
    const locks = { own: ownBuckets(items), shared: [] };
    await this.database.dialect.decisions.lock(sql, this.database.tables, locks, wait);
  }

  private async again<T>(deadline: Deadline, transaction: (wait: LockWait) => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries++) {
      try {
        // The last try waits, too.
        return await transaction({ left: Math.max(1, deadline.left), tries });
      } catch (error) {
        if (!this.isHeld(error)) throw error;
        if (deadline.left === 0) throw new DecisionConflictError('locked', [], { cause: error });
      }
      await this.pause();
    }
  }

  private async alone(
    runner: QueryRunner,
    rows: readonly EventRow[],
    condition: AppendCondition,
    wait: LockWait,
  ): Promise<Appended[]> {
    const { database } = this;
    const { decisions } = database.dialect;
    const [sql, locks] = [database.on(runner), locksOf(rows, condition)];
    const answer = database.isReadCommitted
      ? await decisions.append?.(sql, database.tables, rows, database.time(), locks, condition, wait)
      : undefined;
    if (answer && 'appended' in answer) {
      await assertVersionsFree(sql, database.tables, rows, answer.appended);
      return answer.appended;
    }
    if (answer) assertUnchanged(condition, answer.found);
    return database.transactionOn(runner, (own) => this.locked(own, rows, condition, wait));
  }

  private async locked(
    sql: Sql,
    rows: readonly EventRow[],
    condition: AppendCondition,
    wait: LockWait,
  ): Promise<Appended[]> {
    const { dialect, tables } = this.database;
    await dialect.decisions.lock(sql, tables, locksOf(rows, condition), wait);
    return this.looked(sql, rows, condition);
  }

  private async looked(sql: Sql, rows: readonly EventRow[], condition: AppendCondition): Promise<Appended[]> {
    const { dialect, tables } = this.database;
    assertUnchanged(condition, await dialect.decisions.look(sql, tables, condition));
    return this.append(sql, rows);
  }

  /** One attempt, which never waits in the database: others may wait for the transaction that it is in. */
  private async inside(
    sql: Sql,
    rows: readonly EventRow[],
    { condition, deadline }: AppendTerms,
  ): Promise<Appended[]> {
    const { decisions } = this.database.dialect;
    const until = performance.now() + Math.min(deadline.left, MOST_INSIDE);
    for (;;) {
      const appended = await this.attempt(sql, async () => {
        const isHeld = await decisions.lock(sql, this.database.tables, locksOf(rows, condition));
        return isHeld ? this.looked(sql, rows, condition) : undefined;
      });
      if (appended) return appended;
      if (performance.now() >= until) throw new DecisionConflictError('locked');
      await this.pause();
    }
  }

  /** Undefined where others held something, and this transaction holds no more than before. */
  private async attempt(
    sql: Sql,
    work: () => Promise<Appended[] | undefined>,
  ): Promise<Appended[] | undefined> {
    const { decisions } = this.database.dialect;
    try {
      return await (decisions.attempt?.(sql, work) ?? work());
    } catch (error) {
      if (!this.isHeld(error)) throw error;
      if (decisions.attempt && !this.database.isConflict(error)) return undefined;
      throw new DecisionConflictError('locked', [], { cause: error });
    }
  }

  private isHeld(error: unknown): boolean {
    return ['conflict', 'lock'].includes(this.database.failure(error));
  }

  private pause(): Promise<void> {
    return wait(this.random() * PAUSE);
  }
}

/**
 * An event that matches an item has all of its tags, and whoever appends it locks the buckets of them all: one of them is
 * enough to keep such events out.
 */
function ownBuckets(items: AppendCondition['items']): number[] {
  return bucketsOf(items.map(({ tags }) => tags[0]!));
}

function locksOf(rows: readonly EventRow[], { items }: AppendCondition): BucketLocks {
  const own = ownBuckets(items);
  return { own, shared: (bucketsOfRows(rows) ?? []).filter((bucket) => !own.includes(bucket)) };
}

/** Throws `DecisionConflictError` where one of the events matches: an item may know its groups by patterns only. */
function assertUnchanged({ items }: AppendCondition, found: readonly Match[]): void {
  const matches = found.filter(({ item, group }) => items[item]!.takes(group));
  if (matches.length === 0) return;
  const positions = [...new Set(matches.map(({ position }) => position))];
  throw new DecisionConflictError(
    'changed',
    positions.sort((a, b) => a - b),
  );
}
