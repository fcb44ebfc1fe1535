import { chunks, marks, type Sql } from './sql.js';
import type { Tables } from './tables.js';

/** Keys in one statement. */
const MOST = 500;

/** The groups of those keys that are in the log already, as far as this transaction sees them. */
export async function groupsOfKnown(
  sql: Sql,
  t: Tables,
  keys: readonly string[],
): Promise<Map<string, string>> {
  const groups = new Map<string, string>();
  for (const batch of chunks([...new Set(keys)], MOST)) {
    const rows = await sql.rows(
      `SELECT event_key, event_group FROM ${t.event} WHERE event_key IN (${marks(batch.length)})`,
      batch,
    );
    for (const row of rows) groups.set(row.event_key as string, row.event_group as string);
  }
  return groups;
}
