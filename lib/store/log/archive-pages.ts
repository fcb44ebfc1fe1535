import type { Database } from '../db/database.js';
import { EVENT_COLUMNS, storedEvent } from '../ports/rows.js';
import { marks, optionalNumber, type Row, type Sql } from '../ports/sql.js';
import type { ArchivedEvent } from './archive-lines.js';

/** Bytes of events that a page aims at, and the events that it has at most, and at first. */
const PAGE_BYTES = 4 * 1024 * 1024;
const MOST = 5000;
const FIRST = 500;

/** Which events: behind one position up to another. */
export interface ArchiveRange {
  after: number;
  upTo: number;
  /** Default: of all. */
  groups?: readonly string[];
}

/**
 * Events with all that is stored of them, in log order, a page after the other. Large events make small pages, so that memory
 * does not grow with them. The next page is asked for while the one before is worked on.
 */
export async function* archivePages(
  database: Database,
  { after, upTo, groups }: ArchiveRange,
): AsyncGenerator<ArchivedEvent[], void, undefined> {
  let size = FIRST;
  const read = (from: number) => {
    const page = database.run((sql) => pageOf(database, sql, { after: from, upTo, groups }, size));
    // It is awaited in a moment, or not at all where whoever reads gives up.
    page.catch(() => undefined);
    return page;
  };
  for (let next = read(after); ;) {
    const page = await next;
    const asked = size;
    if (page.length === 0) return;
    size = sizeAfter(page);
    if (page.length < asked) return yield page;
    next = read(page.at(-1)!.position);
    yield page;
  }
}

function sizeAfter(page: readonly ArchivedEvent[]): number {
  const bytes = page.reduce(
    (sum, { payload, payloadBytes, metadata }) =>
      sum + (payload?.length ?? 0) + (payloadBytes?.length ?? 0) + metadata.length + 200,
    0,
  );
  return Math.max(1, Math.min(MOST, Math.floor((PAGE_BYTES * page.length) / bytes)));
}

async function pageOf(
  { tables }: Database,
  sql: Sql,
  { after, upTo, groups }: ArchiveRange,
  limit: number,
): Promise<ArchivedEvent[]> {
  const ofGroups = groups ? `AND e.event_group IN (${marks(groups.length)})` : '';
  const rows = await sql.rows(
    `SELECT ${EVENT_COLUMNS}, e.stream, e.stream_version, e.available_at FROM ${tables.event} e
     WHERE e.position > ? AND e.position <= ? ${ofGroups} ORDER BY e.position LIMIT ${limit}`,
    [after, upTo, ...(groups ?? [])],
  );
  if (rows.length === 0) return [];
  const events = rows.map(archivedEvent);
  // By the events themselves: between those of some groups there may be millions of others.
  const tags = await sql.rows(
    `SELECT g.position, g.tag FROM ${tables.event} e JOIN ${tables.tag} g ON g.position = e.position
     WHERE e.position >= ? AND e.position <= ? ${ofGroups} ORDER BY g.position, g.tag`,
    [events[0]!.position, events.at(-1)!.position, ...(groups ?? [])],
  );
  const byPosition = new Map(events.map((event) => [event.position, event]));
  for (const { position, tag } of tags)
    (byPosition.get(Number(position))?.tags as string[] | undefined)?.push(tag as string);
  return events;
}

function archivedEvent(row: Row): ArchivedEvent {
  return {
    ...storedEvent(row),
    stream: row.stream as string | null,
    streamVersion: optionalNumber(row.stream_version) ?? null,
    availableAt: optionalNumber(row.available_at) ?? null,
    tags: [],
  };
}
