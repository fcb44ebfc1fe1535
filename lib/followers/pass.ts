import { Logger } from '@nestjs/common';
import type { EntityManager, QueryRunner } from 'typeorm';
import type { RecordedEvent } from '../core/event.js';
import type { Telemetry } from '../core/telemetry.js';
import { emissionContext } from '../store/commits/emission-context.js';
import type { Database } from '../store/db/database.js';
import type { FollowerEvents } from '../store/followers/follower-events.js';
import type { FollowerRow } from '../store/followers/follower-rows.js';
import type { Stretch, Tracking } from '../store/followers/tracking.js';
import type { StoredEvent } from '../store/ports/rows.js';
import type { Sql } from '../store/ports/sql.js';
import { type AggregateSaver, type CollectedRecorder, Collector } from './collector.js';
import { FollowerShutdownError } from './errors.js';
import type { FollowerContext } from './follower-context.js';
import type { FollowerDefinition } from './follower-definition.js';
import { heldBack, setAside } from './held-back.js';
import { attemptOf } from './failures.js';
import { TimeLimit } from './time-limit.js';
import { unlessAborted } from './unless-aborted.js';
import { isReplayed, streamOf, upstreamOf } from './upstreams.js';

export interface PassParts {
  readonly database: Database;
  readonly tracking: Tracking;
  readonly events: FollowerEvents;
  readonly aggregates: AggregateSaver;
  readonly recorder: CollectedRecorder;
  readonly telemetry: Pick<Telemetry, 'enabled' | 'handle' | 'passed'>;
  /** The event as methods get it, with what it refers to as the transaction sees it. */
  readonly read: (event: StoredEvent, runner: QueryRunner) => Promise<RecordedEvent>;
  /** From now on statements of the runner fail with `reason`. */
  readonly seal: (runner: QueryRunner, reason: unknown) => void;
  /** From now on it is kept what made a statement of the runner fail; where that ended its transaction, no further one is sent. */
  readonly guard: (runner: QueryRunner) => void;
  /** What made a statement of the runner fail since this was last asked, also where the method went on as if it had not. */
  readonly failureOf: (runner: QueryRunner) => { readonly error: unknown } | undefined;
  /** Aborted when what runs has to be given up. */
  readonly signal: AbortSignal;
  /** Whether no further event is to be begun. */
  readonly isStopping: () => boolean;
}

/** What one transaction is to do. */
export interface PassWork {
  readonly row: FollowerRow;
  readonly stretch: Stretch;
  /** Those in the stretch that the follower takes. */
  readonly events: readonly StoredEvent[];
  /** Told of each event when its methods have ended; the transaction may be rolled back yet. */
  readonly handled?: (event: RecordedEvent) => void;
}

/** What came of it. */
export interface Passed {
  readonly row: FollowerRow;
  /** Events whose methods were called. */
  readonly handled: number;
}

/** Somebody else has moved the position or changed the follower: nothing was done. */
export class LostPass extends Error {}

/** The transaction could not be begun, or was not since shutdown had: no method has been called. */
export class PassNotBegun extends Error {}

/** The methods of one event failed, and all of the pass was rolled back. */
export class EventFailed extends Error {
  constructor(
    readonly event: StoredEvent,
    override readonly cause: unknown,
  ) {
    super(`event ${event.key} failed`, { cause });
  }
}

/** Starts after which the events of a stretch are passed one by one. */
export const ALONE = 2;

/** Runs the methods of one follower, so that what they write and how far it has come commit together. */
export class Pass {
  constructor(
    private readonly follower: FollowerDefinition,
    private readonly parts: PassParts,
  ) {}

  /** In a transaction of its own. Throws `LostPass`, `PassNotBegun`, `EventFailed`, and what the database says. */
  run(work: PassWork): Promise<Passed> {
    return this.transaction((sql) => this.on(sql, work));
  }

  /** In that transaction, which has to be rolled back where it throws. */
  async on(sql: Sql, { row, stretch, events, handled }: PassWork): Promise<Passed> {
    const { tracking } = this.parts;
    if (!(await tracking.move(sql, row, stretch))) throw new LostPass();
    const held = await this.heldBack(sql, row, stretch, events);
    let [count, reached] = [0, stretch.to];
    await this.limited(async (limit) => {
      for (const [index, event] of events.entries()) {
        if (index > 0 && !this.follower.ahead && this.parts.isStopping()) {
          reached = events[index - 1]!.position;
          await tracking.move(sql, row, { ...stretch, from: stretch.to, to: reached });
          break;
        }
        if (
          await setAside(this.parts.events, sql, row, event, {
            state: held(event),
            stream: this.streamOf(event),
          })
        )
          continue;
        const recorded = await this.handle(sql, row, event, limit);
        if (recorded) handled?.(recorded);
        count++;
      }
    });
    const passed = events.filter(({ position }) => position <= reached);
    return { handled: count, row: await this.after(sql, row, { ...stretch, to: reached }, passed) };
  }

  /** A parked event, which is forgotten where that succeeds. */
  async retryParked(row: FollowerRow, event: StoredEvent): Promise<void> {
    const { tracking, events } = this.parts;
    await this.transaction(async (sql) => {
      if (
        !(await tracking.changing(sql, row, row.revision)) ||
        !(await events.remove(sql, row, event.position))
      )
        throw new LostPass();
      await this.limited((limit) => this.handle(sql, row, event, limit));
      await events.release(sql, row, this.streamOf(event));
    });
  }

  /** Of which stream an event keeps others back where it is parked. */
  streamOf(event: StoredEvent): string {
    return this.follower.ahead?.streamOf(event) ?? streamOf(event);
  }

  /** How events of a stretch are set aside. */
  heldBack(
    sql: Sql,
    row: FollowerRow,
    stretch: Stretch,
    events: readonly StoredEvent[],
  ): ReturnType<typeof heldBack> {
    return heldBack(this.parts.events, sql, row, stretch, events, (event) => this.streamOf(event));
  }

  private async limited<T>(work: (limit: TimeLimit) => Promise<T>): Promise<T> {
    const limit = new TimeLimit(this.follower, this.parts.signal);
    try {
      return await work(limit);
    } finally {
      limit.end();
    }
  }

  private async transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    let isBegun = false;
    const begin = async (sql: Sql) => {
      // What was done ahead is to be done once, if that is possible.
      if (!this.follower.ahead && this.parts.isStopping()) throw new FollowerShutdownError();
      isBegun = true;
      return work(sql);
    };
    try {
      return await this.parts.database.transactionOnce(begin, this.parts.seal);
    } catch (error) {
      throw isBegun ? error : new PassNotBegun('The transaction could not be begun', { cause: error });
    }
  }

  private async handle(
    sql: Sql,
    row: FollowerRow,
    stored: StoredEvent,
    limit: TimeLimit,
  ): Promise<RecordedEvent | undefined> {
    const { parts } = this;
    if (this.follower.ahead) return this.follower.ahead.recorded(stored);
    try {
      limit.begin(stored.position);
      parts.guard(sql.runner);
      const event = await parts.read(stored, sql.runner);
      const { manager } = sql.runner;
      const { signal } = limit;
      const call = () =>
        emissionContext.run({ key: event.key, correlationId: event.metadata.correlationId }, () =>
          parts.database.pool.whileHolding(() => this.call(event, row, { stored, manager, signal })),
        );
      await this.watched(row, stored, call);
      await this.assertWhole(sql);
      return event;
    } catch (error) {
      throw parts.signal.aborted ? new FollowerShutdownError() : new EventFailed(stored, error);
    }
  }

  private watched(row: FollowerRow, stored: StoredEvent, call: () => Promise<void>): Promise<void> {
    const { telemetry } = this.parts;
    if (!telemetry.enabled) return call();
    const { group, key, position, metadata } = stored;
    const start = { handler: this.follower.name, group, key, position, metadata };
    const attempt = attemptOf(row, position);
    return telemetry.handle({ ...start, attempt }, call, () => ({ outcome: 'succeeded' }));
  }

  /**
   * A method that swallows what made a statement fail may have swallowed the end of its transaction: PostgreSQL would answer
   * its COMMIT by a rollback, and a deadlock on MariaDB and MySQL has rolled everything back already.
   */
  private async assertWhole(sql: Sql): Promise<void> {
    const { database, failureOf } = this.parts;
    const failure = failureOf(sql.runner);
    if (!failure) return;
    if (database.isConflict(failure.error)) throw failure.error;
    try {
      await sql.rows('SELECT 1');
    } catch {
      throw failure.error;
    }
  }

  private async call(
    event: RecordedEvent,
    row: FollowerRow,
    { stored, manager, signal }: { stored: StoredEvent; manager: EntityManager; signal: AbortSignal },
  ): Promise<void> {
    const { follower, parts } = this;
    const { position } = event;
    const replaying = isReplayed(row, upstreamOf(stored), position);
    const { name, mayCollect } = follower;
    const collector = new Collector({ follower: name, position, replaying, mayCollect }, parts.aggregates);
    const context: FollowerContext = {
      manager,
      collect: collector.collect,
      replaying,
      position,
      attempt: attemptOf(row, position),
      signal,
      get logger() {
        return new Logger(follower.name);
      },
    };
    for (const method of follower.methods.filter(({ matches }) => matches(event.group))) {
      await unlessAborted(signal, async () => method.call(event, context));
      await collector.record(method.label, parts.recorder, manager);
    }
    collector.end();
  }

  /** What is written when a stretch is passed, these events of it included, and the row as it is then. */
  async after(
    sql: Sql,
    row: FollowerRow,
    { to, upstreams }: Stretch,
    events: readonly StoredEvent[],
  ): Promise<FollowerRow> {
    const { tracking } = this.parts;
    const known = new Set(row.upstreams.map(({ upstream }) => upstream));
    const added = [...new Set(events.map(upstreamOf))].filter((upstream) => !known.has(upstream));
    if (added.length > 0) await tracking.begin(sql, row, added, to);
    const replayUntil = row.upstreams.find(({ upstream }) => upstream === '')?.replayUntil ?? 0;
    const moved = row.upstreams.map((one) =>
      upstreams.includes(one.upstream) ? { ...one, position: to } : one,
    );
    const begun = added.map((upstream) => ({ upstream, position: to, replayUntil }));
    return { ...(await this.cleared(sql, row, to)), upstreams: [...moved, ...begun] };
  }

  /** What was noted of a failure, and of starts that nobody survived, is over when the pass has gone beyond it. */
  private async cleared(sql: Sql, row: FollowerRow, to: number): Promise<FollowerRow> {
    const { failure, isStopped, starts, suspectUntil } = row;
    const isOver = (failure && failure.position <= to) || (isStopped && !failure);
    if (!isOver && starts === 0) return row;
    const isUnsuspected = suspectUntil === undefined || to >= suspectUntil;
    await this.parts.tracking.set(sql, row, {
      ...(isOver
        ? {
            failed_position: null,
            attempts: 0,
            error: null,
            failed_at: null,
            retry_at: null,
            stopped_at: null,
          }
        : {}),
      starts: isUnsuspected ? 0 : ALONE,
      ...(isUnsuspected ? { suspect_until: null } : {}),
    });
    return {
      ...row,
      ...(isOver ? { failure: undefined, isStopped: false } : {}),
      starts: isUnsuspected ? 0 : ALONE,
      suspectUntil: isUnsuspected ? undefined : suspectUntil,
    };
  }
}
