import type { Boundary, Match } from '../../ports/decision-sql.js';
import type { Sql } from '../../ports/sql.js';
import { matching } from '../../ports/tag-match.js';
import type { Tables } from '../../ports/tables.js';

/** What is inside of the boundary, by one statement for each item; `select` begins it and `end` ends it. */
export async function lookByItem(
  sql: Sql,
  t: Tables,
  { items, settled, seen }: Boundary,
  {
    select = 'SELECT',
    end = '',
    ...how
  }: { select?: string; end?: string; join?: string; hint?: string } = {},
): Promise<Match[]> {
  const known = new Set(seen);
  const found: Match[] = [];
  for (const [item, boundary] of items.entries()) {
    const { sql: from, parameters } = matching(t, boundary, settled, how);
    const rows = await sql.rows(`${select} e.position, e.event_group ${from} ${end}`, parameters);
    for (const row of rows) {
      const position = Number(row.position);
      if (!known.has(position)) found.push({ position, group: row.event_group as string, item });
    }
  }
  return found;
}
