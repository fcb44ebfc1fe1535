import { isDeepStrictEqual } from 'node:util';
import { EventSourcingError } from '../../core/errors.js';
import type { AppendResult } from '../../core/event.js';
import type { PreparedEvent } from '../../core/event-types.js';
import { PRUNED } from '../../core/stored-payload.js';
import type { PayloadCodec } from '../../payload/payload-codec.js';
import type { Database } from '../db/database.js';
import type { EventLogStore } from './event-log-store.js';
import { emissionOf } from './event-recorder.js';
import { withoutErased } from '../../payload/personal-values.js';
import { EVENT_COLUMNS, type StoredEvent, storedEvent } from '../ports/rows.js';
import { chunks, marks, type Sql } from '../ports/sql.js';

/** A key came again with other data: nothing was recorded. */
export class KeyConflictError extends EventSourcingError {
  readonly code = 'KEY_CONFLICT';

  constructor(
    /** Places of the offending events among those that were to be recorded. */
    readonly indexes: readonly number[],
  ) {
    super(
      `The keys of ${indexes.length} events are in the log with other data: expected the same data under the same key. ` +
        'Nothing was recorded. Give another event a key of its own.',
    );
  }
}

/** An event whose sender may send it again, with the properties that he gave; its class may have added others. */
export interface RepeatableEvent {
  readonly prepared: PreparedEvent;
  readonly given: readonly string[];
}

/** Records events that may come again, and tells a repetition from another event under the same key. */
export class RepeatedEvents {
  constructor(
    private readonly database: Database,
    private readonly store: EventLogStore,
    private readonly codec: PayloadCodec,
  ) {}

  /**
   * Records all or none in one transaction, results in their order. Throws `KeyConflictError` where a key is in the log,
   * or stands before in the list, with other data; what the class of the event added by itself is not compared.
   */
  record(events: readonly RepeatableEvent[]): Promise<AppendResult[]> {
    const emissions = events.map(({ prepared }) => emissionOf(prepared));
    return this.database.transaction(async (sql) => {
      const results = await this.store.record(emissions, sql.runner);
      if (results.some(({ recorded }) => !recorded)) await this.assertSame(sql, events, results);
      return results;
    });
  }

  private async assertSame(
    sql: Sql,
    events: readonly RepeatableEvent[],
    results: readonly AppendResult[],
  ): Promise<void> {
    const known = [...new Set(results.flatMap(({ key, recorded }) => (recorded ? [] : [key])))];
    const stored = new Map((await this.stored(sql, known)).map((event) => [event.key, event]));
    const other: number[] = [];
    for (const [index, event] of events.entries()) {
      const { key, recorded } = results[index]!;
      if (!recorded && !(await this.isSame(sql, event, stored.get(key)))) other.push(index);
    }
    if (other.length > 0) throw new KeyConflictError(other);
  }

  private async stored(sql: Sql, keys: readonly string[]): Promise<StoredEvent[]> {
    const events: StoredEvent[] = [];
    for (const batch of chunks(keys, 1000)) {
      const rows = await sql.rows(
        `SELECT ${EVENT_COLUMNS} FROM ${this.database.tables.event} e WHERE e.event_key IN (${marks(batch.length)})`,
        batch,
      );
      events.push(...rows.map(storedEvent));
    }
    return events;
  }

  /** Of data that was removed, or forgotten, nobody can tell any more. */
  private async isSame(
    { runner }: Sql,
    { prepared, given }: RepeatableEvent,
    stored: StoredEvent | undefined,
  ): Promise<boolean> {
    if (!stored || stored.group !== prepared.input.group) return false;
    if (stored.encoding === PRUNED) return true;
    const { payload: text, payloadBytes: bytes, encoding } = stored;
    const before = await this.codec.storedContent({ text, bytes, encoding }, stored, runner);
    const now = withoutErased(this.codec.content(prepared.input.data), before);
    return isDeepStrictEqual(now, before) || isSameAsGiven(now, before, given);
  }
}

/** A class may add what is another at each time, such as an id or the hour: it is compared whether that is there at all. */
function isSameAsGiven(now: unknown, before: unknown, given: readonly string[]): boolean {
  if (!isRecord(now) || !isRecord(before)) return false;
  const isGiven = (name: string) => given.includes(name);
  // A class that names properties otherwise than its sender.
  if (!given.every((name) => name in now)) return false;
  const names = new Set([...Object.keys(now), ...Object.keys(before)]);
  return [...names].every((name) =>
    isGiven(name) ? isDeepStrictEqual(now[name], before[name]) : name in now && name in before,
  );
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
