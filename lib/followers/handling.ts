import { Logger } from '@nestjs/common';
import type { RecordedEvent } from '../core/event.js';
import { emissionContext } from '../store/commits/emission-context.js';
import type { FollowerRow } from '../store/followers/follower-rows.js';
import type { StoredEvent } from '../store/ports/rows.js';
import type { Sql } from '../store/ports/sql.js';
import { Collector } from './collector.js';
import { FollowerShutdownError } from './errors.js';
import { attemptOf } from './failures.js';
import type { FollowerContext } from './follower-context.js';
import type { FollowerDefinition } from './follower-definition.js';
import type { LanesAhead } from './lanes.js';
import type { PassParts } from './pass-parts.js';
import type { TimeLimit } from './time-limit.js';
import { unlessAborted } from './unless-aborted.js';
import { isReplayed, upstreamOf } from './upstreams.js';

/** The methods of one event failed, and all of the pass was rolled back. */
export class EventFailed extends Error {
  constructor(
    readonly event: StoredEvent,
    override readonly cause: unknown,
  ) {
    super(`event ${event.key} failed`, { cause });
  }
}

/** In what one event is handled. */
export interface HandlingPlace {
  readonly sql: Sql;
  readonly row: FollowerRow;
  readonly ahead: LanesAhead;
  readonly limit: TimeLimit;
}

/** Gives one event to the methods of a follower that take it, in the transaction of a pass. */
export class Handling {
  constructor(
    private readonly follower: FollowerDefinition,
    private readonly parts: PassParts,
  ) {}

  /** Undefined where nobody has to be told of it. Throws `EventFailed`, or `FollowerShutdownError` where the pass has to be given up. */
  async handle(place: HandlingPlace, stored: StoredEvent): Promise<RecordedEvent | undefined> {
    const { follower, parts } = this;
    if (follower.beforehand) return follower.beforehand.recorded(stored);
    const { sql, row, limit } = place;
    try {
      limit.begin(stored.position);
      parts.guard(sql.runner);
      const held = <T>(work: () => T): T => parts.database.whileHolding(sql.runner, work);
      const event = await held(() => parts.read(stored, sql.runner));
      const call = () =>
        emissionContext.run({ key: event.key, correlationId: event.metadata.correlationId }, () =>
          held(() => this.call(event, stored, place)),
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
    stored: StoredEvent,
    { sql, row, ahead, limit: { signal } }: HandlingPlace,
  ): Promise<void> {
    const { follower, parts } = this;
    const { position } = event;
    const { manager } = sql.runner;
    const replaying =
      isReplayed(row, upstreamOf(stored, follower.from), position) || ahead.isReplayed(stored);
    const { name, from, mayCollect } = follower;
    const collector = new Collector(
      { follower: name, from, position, replaying, mayCollect },
      parts.aggregates,
    );
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
}
