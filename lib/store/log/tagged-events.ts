import type { QueryRunner } from 'typeorm';
import { AppendCondition } from '../../core/append-condition.js';
import type { RecordedEvent } from '../../core/event.js';
import type { QueryItem } from '../../core/event-query.js';
import type { Database } from '../db/database.js';
import type { Horizon } from '../db/horizon.js';
import { EVENT_COLUMNS, type StoredEvent, storedEvent } from '../ports/rows.js';
import type { Row, Sql } from '../ports/sql.js';
import { matching } from '../ports/tag-match.js';
import type { EventReader } from './event-reader.js';

/** Positions above the horizon that a condition may name before the horizon is asked for anew. */
const MANY = 100;
/** Milliseconds after which it is in any case: what is above it is looked through at each decision. */
const STALE = 500;

export interface TaggedEventsParts {
  database: Database;
  horizon: Horizon;
  reader: EventReader;
}

/** What a decision is made of. */
export interface Reading {
  /** In log order. */
  readonly events: readonly RecordedEvent[];
  /** That this is all there is. */
  readonly condition: AppendCondition;
}

const NOTHING: Reading = { events: [], condition: new AppendCondition([], 0, []) };

/** In which transaction the log is read. Default: in none, each statement sees what is committed. */
export interface ReadingPlace {
  readonly runner?: QueryRunner;
  /** Each statement sees what was committed before it. An application's transaction may see less. Default false. */
  readonly seesAll?: boolean;
}

/**
 * Reads events by their tags, everything that is committed, also above the horizon: a decision is made of what is there. What
 * an open transaction adds below that later, conditions notice.
 */
export class TaggedEvents {
  private isFarBehind = false;
  private askedAt = -Infinity;

  constructor(private readonly parts: TaggedEventsParts) {}

  /** All events that match one of the items: those of the reading `before`, and what came since. */
  async all(items: readonly QueryItem[], place: ReadingPlace = {}, before = NOTHING): Promise<Reading> {
    const settled = await this.settled(place);
    const { dialect, tables } = this.parts.database;
    const rows = await this.on(place.runner, (sql) =>
      dialect.decisions.read(sql, tables, items, before.condition.settled),
    );
    const read = rows.map((row) => ({ event: storedEvent(row), item: items[itemOf(row)]! }));
    const positions = read.map(({ event }) => event.position);
    const known = new Set(before.condition.seen);
    const taken = read.filter(({ event, item }) => !known.has(event.position) && item.takes(event.group));
    const events = await this.decoded(inOrder(taken.map(({ event }) => event)), place.runner);
    return {
      events: [...before.events, ...events].sort((a, b) => a.position - b.position),
      condition: this.condition(items, settled, positions),
    };
  }

  /** Up to so many events that match the item behind a position, as stored. */
  async page(item: QueryItem, after: number, limit: number, runner?: QueryRunner): Promise<StoredEvent[]> {
    const { sql: from, parameters } = matching(this.parts.database.tables, item, after);
    const rows = await this.on(runner, (sql) =>
      sql.rows(`SELECT ${EVENT_COLUMNS} ${from} ORDER BY g.position LIMIT ?`, [...parameters, limit]),
    );
    return rows.map(storedEvent);
  }

  async decoded(events: readonly StoredEvent[], runner?: QueryRunner): Promise<RecordedEvent[]> {
    const { reader } = this.parts;
    const recorded: RecordedEvent[] = [];
    for (const event of events) recorded.push(await reader.recorded(event, runner));
    return recorded;
  }

  /** The position up to which whoever reads now sees all that will ever be there. */
  async settled({ runner, seesAll }: ReadingPlace): Promise<number> {
    const { horizon } = this.parts;
    // A snapshot may be older than the horizon: what it does not show would count as seen.
    if (runner) return seesAll ? horizon.position : 0;
    const now = performance.now();
    if (!this.isFarBehind && now - this.askedAt < STALE) return horizon.position;
    this.isFarBehind = false;
    this.askedAt = now;
    return horizon.advance();
  }

  /** The positions are those that were read, also of groups that the database could not leave out. */
  condition(items: readonly QueryItem[], settled: number, positions: readonly number[]): AppendCondition {
    const seen = [...new Set(positions.filter((position) => position > settled))];
    this.isFarBehind ||= seen.length > MANY;
    return new AppendCondition(items, settled, seen);
  }

  private on<T>(runner: QueryRunner | undefined, work: (sql: Sql) => Promise<T>): Promise<T> {
    const { database } = this.parts;
    return runner ? work(database.on(runner)) : database.run(work);
  }
}

function itemOf(row: Row): number {
  return Number(row.item);
}

/** Each once. */
function inOrder(events: readonly StoredEvent[]): StoredEvent[] {
  const byPosition = new Map(events.map((event) => [event.position, event]));
  return [...byPosition.values()].sort((a, b) => a.position - b.position);
}
