import { PRUNED } from '../../core/stored-payload.js';
import type { RecordedEvent } from '../../core/event.js';
import { messageOf } from '../../core/thrown.js';
import type { Database } from '../db/database.js';
import type { Horizon } from '../db/horizon.js';
import { positionsOf } from '../deliveries/delivery-filter.js';
import type { EventReader } from '../log/event-reader.js';
import { recordedEvent } from '../log/recorded-event.js';
import { EVENT_COLUMNS, type StoredEvent, storedEvent } from '../ports/rows.js';
import { chunks, type Row } from '../ports/sql.js';
import {
  checkedFilter,
  type CheckedFilter,
  type EventFilter,
  type EventSearchOptions,
  type Passed,
} from './event-filter.js';
import { tagsByPosition } from './event-tags.js';

/** Events that one statement looks at, at most, without their data. */
const WINDOW = 5000;
/** Events whose data is in memory at once, at most. */
const PAGE = 100;

/** An event for a person to look at: what cannot be read of it hides nothing else. */
export interface EventView extends Omit<RecordedEvent, 'data'> {
  readonly tags: readonly string[];
  /** The event's data; absent where it was removed, cannot be read, or was not asked for. */
  readonly data?: unknown;
  /** Why the data cannot be read. */
  readonly dataError?: string;
}

export interface EventSearchParts {
  database: Database;
  horizon: Pick<Horizon, 'advance'>;
  reader: Pick<EventReader, 'recorded'>;
}

/**
 * Finds events for a person. By key and by tag it asks an index. Anything else is looked for along the log, 5,000 events in a
 * statement, without their data: no statement takes long, whatever is in the log, and the first found comes first.
 */
export class EventSearch {
  constructor(private readonly parts: EventSearchParts) {}

  /**
   * Events in log order, up to what is decided: none can appear later among them. Newest first, from the last that is
   * committed. Throws `InvalidOptionError` or `UnknownOptionError`.
   */
  find(
    filter: EventFilter = {},
    options: EventSearchOptions = {},
  ): AsyncGenerator<EventView, void, undefined> {
    return this.found(checkedFilter(filter, options), options);
  }

  /** One event by its key or its position; undefined where there is none. */
  async get(place: string | number): Promise<EventView | undefined> {
    const { database } = this.parts;
    const column = typeof place === 'number' ? 'position' : 'event_key';
    const statement = `SELECT ${EVENT_COLUMNS} FROM ${database.tables.event} e WHERE e.${column} = ?`;
    const row = await database.run((sql) => sql.row(statement, [place]));
    return row && (await this.views([storedEvent(row)], true))[0];
  }

  private async *found(
    filter: CheckedFilter,
    { limit = Infinity, withData = true, signal }: EventSearchOptions,
  ): AsyncGenerator<EventView, void, undefined> {
    let left = limit;
    for await (const positions of this.matching(filter, signal)) {
      for (const some of chunks(positions, PAGE)) {
        if (left <= 0 || signal?.aborted) return;
        const stored = await this.stored(some.slice(0, left));
        if (filter.newestFirst) stored.reverse();
        left -= stored.length;
        yield* await this.views(stored, withData);
      }
      if (left <= 0) return;
    }
  }

  /** The positions of what matches, a window after the other. */
  private async *matching(
    filter: CheckedFilter,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<number[], void, undefined> {
    const upTo = filter.newestFirst ? Number.MAX_SAFE_INTEGER : await this.parts.horizon.advance();
    if (filter.keys) return yield* this.ofKeys(filter, filter.keys, upTo);
    let [after, until] = [filter.after, Math.min(upTo, filter.before - 1)];
    while (!signal?.aborted && after < until) {
      const window = await this.window(filter, after, until);
      const matching = window.filter((event) => filter.takes(event)).map(({ position }) => position);
      if (matching.length > 0) yield matching;
      if (window.length < WINDOW) return;
      const { position } = window.at(-1)!;
      [after, until] = filter.newestFirst ? [after, position - 1] : [position, until];
    }
  }

  private async *ofKeys(
    filter: CheckedFilter,
    keys: readonly string[],
    upTo: number,
  ): AsyncGenerator<number[], void, undefined> {
    const { tables } = this.parts.database;
    const positions = await this.parts.database.run((sql) => positionsOf(sql, tables, keys));
    const within = (position: number) =>
      position > filter.after && position < filter.before && position <= upTo;
    const ordered = filter.newestFirst ? positions.reverse() : positions;
    for (const some of chunks(ordered.filter(within), PAGE)) {
      const passed = await this.passed(some, filter.tags);
      const taken = new Set(passed.filter((event) => filter.takes(event)).map(({ position }) => position));
      yield some.filter((position) => taken.has(position));
    }
  }

  private async window(
    { tags, newestFirst }: CheckedFilter,
    after: number,
    until: number,
  ): Promise<Passed[]> {
    const { tables } = this.parts.database;
    const [first, ...others] = tags;
    const joins = others.map(
      (_, index) => `JOIN ${tables.tag} g${index} ON g${index}.position = g.position AND g${index}.tag = ?`,
    );
    const [from, place, ofTag] = first
      ? [
          `${tables.tag} g ${joins.join(' ')} JOIN ${tables.event} e ON e.position = g.position`,
          'g',
          'g.tag = ? AND',
        ]
      : [`${tables.event} e`, 'e', ''];
    const rows = await this.parts.database.run((sql) =>
      sql.rows(
        `SELECT ${PASSED} FROM ${from} WHERE ${ofTag} ${place}.position > ? AND ${place}.position <= ?
         ORDER BY ${place}.position ${newestFirst ? 'DESC' : 'ASC'} LIMIT ${WINDOW}`,
        [...others, ...(first === undefined ? [] : [first]), after, until],
      ),
    );
    return rows.map(passedOf);
  }

  private async passed(positions: readonly number[], tags: readonly string[]): Promise<Passed[]> {
    if (positions.length === 0) return [];
    const { tables, dialect } = this.parts.database;
    const these = dialect.syntax.oneOf(positions);
    return this.parts.database.run(async (sql) => {
      const statement = `SELECT ${PASSED} FROM ${tables.event} e WHERE e.position ${these.sql}`;
      const passed = (await sql.rows(statement, these.parameters)).map(passedOf);
      if (tags.length === 0) return passed;
      const known = await tagsByPosition(this.parts.database, sql, positions);
      return passed.filter(({ position }) => {
        const its = known.get(position) ?? [];
        return tags.every((tag) => its.includes(tag));
      });
    });
  }

  private async stored(positions: readonly number[]): Promise<StoredEvent[]> {
    const { tables, dialect } = this.parts.database;
    if (positions.length === 0) return [];
    const these = dialect.syntax.oneOf(positions);
    const statement = `SELECT ${EVENT_COLUMNS} FROM ${tables.event} e WHERE e.position ${these.sql} ORDER BY e.position`;
    return this.parts.database.run(async (sql) =>
      (await sql.rows(statement, these.parameters)).map(storedEvent),
    );
  }

  private async views(events: readonly StoredEvent[], withData: boolean): Promise<EventView[]> {
    const { database } = this.parts;
    const positions = events.map(({ position }) => position);
    const tags = await database.run((sql) => tagsByPosition(database, sql, positions));
    return Promise.all(
      events.map(async (event) => ({
        ...(withData ? await this.readable(event) : without(event)),
        tags: tags.get(event.position) ?? [],
      })),
    );
  }

  private async readable(event: StoredEvent): Promise<Omit<EventView, 'tags'>> {
    if (event.encoding === PRUNED) return without(event);
    try {
      return await this.parts.reader.recorded(event);
    } catch (error) {
      return { ...without(event), dataError: messageOf(error) };
    }
  }
}

const PASSED = 'e.position, e.event_key, e.event_group, e.recorded_at';

function passedOf(row: Row): Passed {
  return {
    position: Number(row.position),
    key: row.event_key as string,
    group: row.event_group as string,
    recordedAt: Number(row.recorded_at),
  };
}

function without(event: StoredEvent): Omit<RecordedEvent, 'data'> {
  const { data: _, ...view } = recordedEvent(event, event.position, undefined);
  return view;
}
