import { errorLine, errorText } from '../core/error-text.js';
import type { FollowerSetback } from '../core/telemetry.js';
import type { OwnLogger } from '../runtime/logging.js';
import { type FollowerEvent, FollowerEventState } from '../store/followers/follower-events.js';
import type { FollowerRow } from '../store/followers/follower-rows.js';
import type { Stretch } from '../store/followers/stretch.js';
import type { StoredEvent } from '../store/ports/rows.js';
import type { Sql } from '../store/ports/sql.js';
import { parkedDelay, type Verdict, verdict } from './failures.js';
import type { FollowerDefinition } from './follower-definition.js';
import type { FollowedLogs } from './logs/followed-logs.js';
import type { Next } from './next.js';
import { EventFailed } from './handling.js';
import type { Pass } from './pass.js';
import type { PassParts } from './pass-parts.js';

export interface SetbackParts extends Pick<PassParts, 'database' | 'tracking' | 'events'> {
  readonly logs: Pick<FollowedLogs, 'of'>;
  readonly logger: OwnLogger;
  /** Told of each attempt that failed, and what is done then. */
  readonly failed: (follower: string, group: string, then: FollowerSetback) => unknown;
  readonly random: () => number;
}

/** An event that failed, and how often. */
interface Failed {
  readonly error: unknown;
  readonly attempts: number;
}

/** A parked event; the event itself is undefined where it was removed from the log. */
export interface Parked {
  readonly noted: FollowerEvent;
  readonly event: StoredEvent | undefined;
}

/** What becomes of the events at which one follower failed. */
export class Setbacks {
  constructor(
    private readonly follower: FollowerDefinition,
    private readonly parts: SetbackParts,
    private readonly pass: Pass,
  ) {}

  /** Notes that an event failed, and does what is to be done about it. The stretch ends with it. */
  async failed(row: FollowerRow, stretch: Stretch, event: StoredEvent, failed: Failed): Promise<Next> {
    const { follower, parts } = this;
    const then = verdict(follower, failed.error, failed.attempts, parts.random);
    this.tell(event, failed, then);
    const next = await parts.database.transaction((sql) =>
      then.kind === 'skip' || then.kind === 'park'
        ? this.setAside(sql, { row, stretch, event, failed, then })
        : this.holdUp(sql, { row, event, failed, delay: then.kind === 'retry' ? then.delay : undefined }),
    );
    if (next.kind !== 'lost') parts.failed(follower.name, event.group, then.kind);
    return next;
  }

  /** The first parked event that is due, or with `always` the first that is put off; undefined where there is none. */
  async due(row: FollowerRow, always: boolean): Promise<Parked | undefined> {
    const { database, events, logs } = this.parts;
    const noted = await database.run((sql) => events.due(sql, row, always));
    if (!noted) return undefined;
    const place = { from: noted.position - 1, to: noted.position, size: 1, groups: undefined };
    const { events: found } = await logs.of(this.follower.from).page(place);
    return { noted, event: found[0] };
  }

  /** Handles it, or forgets it where there is no such event any more. Throws what `Pass.retryParked` does. */
  async retry(row: FollowerRow, { noted, event }: Parked): Promise<void> {
    const { position, attempts } = noted;
    const failure = { position, attempts, error: '', failedAt: 0, retryIn: 0 };
    if (event) return this.pass.retryParked({ ...row, failure }, event, noted.stream);
    await this.changed(row, async (sql) => {
      await this.parts.events.remove(sql, row, position);
      await this.parts.events.release(sql, row, noted.stream);
    });
  }

  /**
   * Before a parked event is tried: as if its process had died of it, so that one that does is not the first thing that each
   * successor tries. The row as it is then; undefined where somebody else has changed the follower.
   */
  async putOff(row: FollowerRow, { noted }: Parked): Promise<FollowerRow | undefined> {
    const { follower, parts } = this;
    const attempts = noted.attempts + 1;
    const error = `Attempt ${attempts} has not ended: it is under way, or its process has died.`;
    const retryIn = parkedDelay(follower.retry, attempts, parts.random);
    const isOwn = await this.changed(row, (sql) =>
      parts.events.note(sql, row, { ...noted, attempts, error, retryIn }),
    );
    return isOwn ? { ...row, revision: row.revision + 1 } : undefined;
  }

  /** What kept it from being tried was none of its failures: it is due again. */
  async putBack(row: FollowerRow, { noted }: Parked): Promise<void> {
    await this.changed(row, (sql) => this.parts.events.note(sql, row, { ...noted, retryIn: 0 }));
  }

  /** A parked event failed again: it is tried again later. Returns what it failed with. */
  async failedAgain(
    row: FollowerRow,
    { noted }: Parked,
    event: StoredEvent,
    thrown: unknown,
  ): Promise<unknown> {
    const { parts, follower } = this;
    const error = thrown instanceof EventFailed ? thrown.cause : thrown;
    const attempts = noted.attempts + 1;
    const delay = parkedDelay(follower.retry, attempts, parts.random);
    this.tell(event, { error, attempts }, { kind: 'park', delay });
    parts.failed(follower.name, event.group, 'retry');
    await this.changed(row, (sql) =>
      parts.events.note(sql, row, { ...noted, attempts, error: errorText(error), retryIn: delay }),
    );
    return error;
  }

  /** The follower goes on behind the event. */
  private async setAside(
    sql: Sql,
    {
      row,
      stretch,
      event,
      failed,
      then,
    }: {
      row: FollowerRow;
      stretch: Stretch;
      event: StoredEvent;
      failed: Failed;
      then: Verdict;
    },
  ): Promise<Next> {
    const { tracking, events } = this.parts;
    if (!(await tracking.move(sql, row, stretch))) return { kind: 'lost' };
    const isParked = then.kind === 'park';
    await events.note(sql, row, {
      position: event.position,
      stream: this.pass.streamOf(event),
      state: isParked ? FollowerEventState.parked : FollowerEventState.skipped,
      attempts: failed.attempts,
      error: errorText(failed.error),
      ...(isParked ? { retryIn: then.delay } : {}),
    });
    const passed = await this.pass.after(sql, withFailure(row, event.position), stretch, [event]);
    const parkedDueIn = isParked ? Math.min(row.parkedDueIn ?? Infinity, then.delay) : row.parkedDueIn;
    return {
      kind: 'passed',
      row: { ...passed, parked: row.parked + (isParked ? 1 : 0), parkedDueIn },
      handled: 0,
    };
  }

  /** The follower waits for a retry, or has stopped where there is none. */
  private async holdUp(
    sql: Sql,
    {
      row,
      event,
      failed,
      delay,
    }: { row: FollowerRow; event: StoredEvent; failed: Failed; delay: number | undefined },
  ): Promise<Next> {
    const { tracking } = this.parts;
    if (!(await tracking.changing(sql, row, row.revision))) return { kind: 'lost' };
    const now = await tracking.now(sql);
    const [{ position }, { attempts }, error] = [event, failed, errorText(failed.error)];
    await tracking.set(sql, row, {
      ...{ failed_position: position, attempts, error, failed_at: now },
      retry_at: delay === undefined ? null : now + delay,
      stopped_at: delay === undefined ? now : null,
    });
    const failure = { position, attempts, error, failedAt: now, retryIn: delay ?? 0 };
    const isStopped = delay === undefined;
    return {
      kind: 'failed',
      row: { ...row, failure, isStopped, revision: row.revision + 1 },
      error: failed.error,
    };
  }

  /** False where somebody else has changed the follower since: nothing is done. */
  private changed(row: FollowerRow, work: (sql: Sql) => Promise<unknown>): Promise<boolean> {
    const { database, tracking } = this.parts;
    return database.transaction(async (sql) => {
      if (!(await tracking.changing(sql, row, row.revision))) return false;
      await work(sql);
      return true;
    });
  }

  private tell({ key, position }: StoredEvent, { error, attempts }: Failed, then: Verdict): void {
    const { logger } = this.parts;
    const { name, retry } = this.follower;
    const what = `Follower ${name} failed at event ${key} (position ${position}), attempt ${attempts}`;
    if (then.kind === 'retry')
      return logger.warn(
        `${what} of ${retry.maxRetries + 1}, again in ${seconds(then.delay)} s: ${errorLine(error)}`,
      );
    if (then.kind === 'park')
      return logger.error(
        `${what}: its stream is parked, again in ${seconds(then.delay)} s: ${errorText(error)}`,
      );
    if (then.kind === 'skip') return logger.error(`${what}: it is skipped: ${errorText(error)}`);
    const cure = `followers.resume('${name}') tries it again, followers.skip('${name}', ${position}) leaves it out`;
    logger.error(`${what}: the follower has stopped. ${cure}: ${errorText(error)}`);
  }
}

/** As if the failure had been noted: passing beyond it clears what was. */
function withFailure(row: FollowerRow, position: number): FollowerRow {
  return { ...row, failure: row.failure ?? { position, attempts: 0, error: '', failedAt: 0, retryIn: 0 } };
}

function seconds(delay: number): string {
  return (delay / 1000).toFixed(1);
}
