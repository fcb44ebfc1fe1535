import { chunks, type Sql } from '../ports/sql.js';
import type { Tables } from '../ports/tables.js';
import type { AppendedEvent } from './appended-event.js';

/** Events in one statement. */
const MOST = 500;

/** What `eventsInLog` asks on one connection. */
export interface Question {
  events: readonly AppendedEvent[];
  /** To be selected beside them, of as many as are asked for at once: SQL that does something where a row is found. */
  riding?: readonly string[];
}

/**
 * Those of the events that stand in the log, as this connection sees it. By position and key: SQLite gives the position of
 * an event that was rolled back to the next one.
 */
export async function eventsInLog(
  sql: Sql,
  t: Tables,
  { events, riding = [] }: Question,
): Promise<ReadonlySet<AppendedEvent>> {
  const keys = new Map<number, string>();
  for (const batch of chunks(events, MOST)) {
    const columns = ['position', 'event_key', ...riding].join(', ');
    const positions = batch.map(({ position }) => Number(position)).join(', ');
    const rows = await sql.quickRows(`SELECT ${columns} FROM ${t.event} WHERE position IN (${positions})`);
    for (const { position, event_key } of rows) keys.set(Number(position), event_key as string);
  }
  return new Set(events.filter(({ position, key }) => keys.get(position) === key));
}
