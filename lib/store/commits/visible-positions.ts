import { chunks, marks, type Sql } from '../sql.js';
import type { Tables } from '../tables.js';

/** Positions in one statement. */
const MOST = 500;

/** Those of the positions at which an event stands in the log, as this connection sees it. */
export async function visiblePositions(
  sql: Sql,
  t: Tables,
  positions: readonly number[],
): Promise<ReadonlySet<number>> {
  const visible = new Set<number>();
  for (const batch of chunks(positions, MOST)) {
    const rows = await sql.rows(
      `SELECT position FROM ${t.event} WHERE position IN (${marks(batch.length)})`,
      batch,
    );
    for (const { position } of rows) visible.add(Number(position));
  }
  return visible;
}
