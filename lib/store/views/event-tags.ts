import type { Database } from '../db/database.js';
import { chunks, type Sql } from '../ports/sql.js';

/** Positions in one statement. */
const MOST = 1000;

/** The tags of these events, in one order, by their positions; nothing of those that have none. */
export async function tagsByPosition(
  { tables, dialect }: Pick<Database, 'tables' | 'dialect'>,
  sql: Sql,
  positions: readonly number[],
): Promise<Map<number, string[]>> {
  const tags = new Map<number, string[]>();
  for (const some of chunks(positions, MOST)) {
    const these = dialect.syntax.oneOf(some);
    const statement = `SELECT position, tag FROM ${tables.tag} WHERE position ${these.sql} ORDER BY position, tag`;
    for (const row of await sql.rows(statement, these.parameters)) {
      const position = Number(row.position);
      const known = tags.get(position);
      if (known) known.push(row.tag as string);
      else tags.set(position, [row.tag as string]);
    }
  }
  return tags;
}
