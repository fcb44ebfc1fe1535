import type { EntityManager, QueryRunner } from 'typeorm';
import { describe } from '../../core/describe.js';
import { type Duration, timerMilliseconds } from '../../core/duration.js';
import { InvalidOptionError } from '../../core/errors.js';
import type { EventInput, RecordedEvent } from '../../core/event.js';
import { checkedQuery, type EventQuery, type QueryItem } from '../../core/event-query.js';
import { assertKnownOptions, assertNoneUndefined } from '../../core/options/known-options.js';
import { Deadline, settledWithin } from '../../runtime/deadline.js';
import type { Database } from '../db/database.js';
import { DecisionConflictError } from '../ports/decision-errors.js';
import type { LockWait } from '../ports/decision-sql.js';
import { TransactionRequiredError } from '../ports/errors.js';
import { type AppendTerms, LOCK_TIMEOUT } from './conditional-append.js';
import type { EventLogStore } from './event-log-store.js';
import type { Reading, TaggedEvents } from './tagged-events.js';

const WHERE = 'EventLog.decide';
const ATTEMPTS = 10;
/** Milliseconds that the tags are held while somebody decides; one that takes longer lets go of them. */
const HOLD = 250;

/** What a decision comes to: events to be appended, or none. */
export type Decision = EventInput | readonly EventInput[] | null | undefined | void;

/** Decides on what has happened. It may be called several times for one decision: it changes nothing by itself. */
export type Decide<T = unknown> = (events: readonly RecordedEvent<T>[]) => Decision | Promise<Decision>;

export interface DecideOptions {
  /** How often it is decided at most, while what it is decided on changes. In a transaction of the application: once. Default `10`. */
  attempts?: number;
  /**
   * How long each attempt waits for other transactions that hold the tags; half a second at most in a transaction of the application.
   * Default `'5s'`.
   */
  timeout?: Duration;
  /** It is read, decided and recorded in this manager's transaction. */
  manager?: EntityManager;
}

interface Plan {
  readonly items: readonly QueryItem[];
  /** Rejects with `DecideFailed`. */
  readonly decide: (events: readonly RecordedEvent[]) => Promise<readonly EventInput[]>;
  readonly attempts: number;
  /** Milliseconds. */
  readonly timeout: number;
}

export interface DecisionsParts {
  database: Database;
  store: EventLogStore;
  tagged: TaggedEvents;
}

/** What was recorded, or the conflict by which nothing was. */
type Outcome = RecordedEvent[] | DecisionConflictError;

/** Decisions over tags: what is read, decided and appended is one thing, whoever else appends meanwhile. */
export class Decisions {
  constructor(private readonly parts: DecisionsParts) {}

  async decide(query: EventQuery, decide: Decide, options: DecideOptions): Promise<RecordedEvent[]> {
    const plan = planOf(query, decide, options);
    const runner = this.transactionOf(options.manager);
    try {
      return succeeded(await (runner ? this.inside(plan, runner) : this.alone(plan)));
    } catch (error) {
      throw error instanceof DecideFailed ? error.cause : error;
    }
  }

  private async inside(plan: Plan, runner: QueryRunner): Promise<Outcome> {
    const { events, condition } = await this.parts.tagged.all(plan.items, { runner });
    return this.record(
      await plan.decide(events),
      { condition, deadline: new Deadline(plan.timeout) },
      runner,
    );
  }

  /**
   * At first without holding anything; where that comes too late, or somebody else is at it, with the tags in hand, so that it
   * comes to an end.
   */
  private async alone(plan: Plan): Promise<Outcome> {
    const isTaken = this.parts.store.conditional.isTaken(plan.items);
    let reading = await this.parts.tagged.all(plan.items);
    let outcome = await (isTaken ? this.holding(plan, reading) : this.atFirst(plan, reading));
    for (let attempt = 2; outcome instanceof DecisionConflictError && attempt <= plan.attempts; attempt++) {
      reading = await this.parts.tagged.all(plan.items, {}, reading);
      outcome = await this.holding(plan, reading);
    }
    return outcome;
  }

  private async atFirst(plan: Plan, { events, condition }: Reading): Promise<Outcome> {
    return this.record(await plan.decide(events), { condition, deadline: new Deadline(plan.timeout) });
  }

  /** With the tags in hand it reads no more than what came since it read without. */
  private async holding(plan: Plan, before: Reading): Promise<Outcome> {
    const { database, store, tagged } = this.parts;
    const { items } = plan;
    const deadline = new Deadline(plan.timeout);
    const transaction = (own: LockWait) =>
      database.transactionOnce(async (sql) => {
        await store.conditional.hold(sql, items, own);
        const reading = await tagged.all(items, { runner: sql.runner, seesAll: true }, before);
        const decision = plan.decide(reading.events);
        if (!(await settledWithin(decision, HOLD))) throw new SlowDecision(reading, decision);
        const terms = { condition: reading.condition, deadline, own };
        return this.record(await decision, terms, sql.runner);
      });
    try {
      return await store.conditional.inTurn(items, deadline, transaction);
    } catch (error) {
      if (!(error instanceof SlowDecision)) throw error;
      const { condition } = error.reading;
      return this.record(await error.decision, { condition, deadline: new Deadline(plan.timeout) });
    }
  }

  private async record(
    inputs: readonly EventInput[],
    terms: AppendTerms,
    runner?: QueryRunner,
  ): Promise<Outcome> {
    const { store } = this.parts;
    const emissions = inputs.map((input) => ({ input, source: 'decide' }));
    try {
      const results = runner
        ? await store.record(emissions, runner, true, terms)
        : await store.recordWith(undefined, emissions, terms);
      return results.flatMap(({ event }) => event ?? []);
    } catch (error) {
      if (error instanceof DecisionConflictError && error.reason === 'changed') return error;
      throw error;
    }
  }

  /** The transaction of the application that the caller is in. */
  private transactionOf(manager: EntityManager | undefined): QueryRunner | undefined {
    if (!manager) return this.parts.database.joined();
    if (!manager.queryRunner?.isTransactionActive) throw new TransactionRequiredError();
    return manager.queryRunner;
  }
}

/** What the application's own function threw: none of the conflicts that are begun again. */
class DecideFailed extends Error {
  constructor(override readonly cause: unknown) {
    super('decide failed');
  }
}

/** The tags were let go of: others waited for them. */
class SlowDecision extends Error {
  constructor(
    readonly reading: Reading,
    readonly decision: Promise<readonly EventInput[]>,
  ) {
    super('decide is slow');
  }
}

function succeeded(outcome: Outcome): RecordedEvent[] {
  if (outcome instanceof DecisionConflictError) throw outcome;
  return outcome;
}

/** Throws `InvalidOptionError` or `UnknownOptionError`. */
function planOf(query: EventQuery, decide: Decide, options: DecideOptions): Plan {
  assertKnownOptions(options, ['attempts', 'timeout', 'manager'], WHERE);
  const { manager: _, ...others } = options;
  assertNoneUndefined(others, WHERE);
  const { attempts = ATTEMPTS, timeout = LOCK_TIMEOUT } = options;
  const items = checkedQuery(query, WHERE);
  if (typeof decide !== 'function')
    throw new InvalidOptionError('decide', 'a function of the events', describe(decide), WHERE);
  if (!Number.isSafeInteger(attempts) || attempts < 1)
    throw new InvalidOptionError('attempts', 'a whole number, 1 or more', describe(attempts), WHERE);
  return {
    items,
    attempts,
    timeout: timerMilliseconds(timeout, 'timeout', WHERE),
    decide: async (events) => {
      try {
        return listed(await decide(events));
      } catch (error) {
        throw new DecideFailed(error);
      }
    },
  };
}

function listed(decision: Decision): readonly EventInput[] {
  if (decision === undefined || decision === null) return [];
  return Array.isArray(decision) ? (decision as readonly EventInput[]) : [decision as EventInput];
}
