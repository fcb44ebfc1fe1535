import type { StoredPattern } from '../../core/group-pattern.js';
import type { Coverage } from './coverage.js';
import type { Database } from '../db/database.js';
import {
  type HandlerRegistration,
  type KnownHandler,
  Ordering,
  type Taken,
  taking,
} from './known-handler.js';
import type { Sql } from '../ports/sql.js';
import type { Tables } from '../ports/tables.js';

/** The handler's row as the registration wants it: the known one, changed where it has to be, or a new one. */
export async function adoptHandler(
  sql: Sql,
  tables: Tables,
  known: KnownHandler | undefined,
  registration: HandlerRegistration,
): Promise<{ id: number; unchanged: boolean }> {
  if (!known) return { id: await insert(sql, tables, registration), unchanged: false };
  const taken = taking(known, registration);
  if (!taken.unchanged) await update(sql, tables, known.id, registration.rank, taken);
  return { id: known.id, unchanged: taken.unchanged };
}

async function insert(
  sql: Sql,
  tables: Tables,
  { name, formerly, rank, ordered }: HandlerRegistration,
): Promise<number> {
  await sql.change(
    `INSERT INTO ${tables.handler} (name, former_names, handler_rank, ordered) VALUES (?, ?, ?, ?)`,
    [name, JSON.stringify(formerly), rank, ordered ? Ordering.byKey : Ordering.none],
  );
  const row = await sql.row(`SELECT id FROM ${tables.handler} WHERE name = ?`, [name]);
  return Number(row!.id);
}

/** A handler that was paused stays so. */
async function update(
  sql: Sql,
  tables: Tables,
  id: number,
  rank: number,
  { name, formerNames, ordering }: Taken,
): Promise<void> {
  await sql.change(
    `UPDATE ${tables.handler} SET name = ?, former_names = ?, handler_rank = ?, ordered = ?, retired_at = NULL WHERE id = ?`,
    [name, JSON.stringify(formerNames), rank, ordering, id],
  );
}

export async function insertPattern(
  sql: Sql,
  { tables, dialect }: Database,
  handlerId: number,
  { source, flags }: StoredPattern,
  coverage: Coverage,
): Promise<void> {
  await sql.change(
    `INSERT INTO ${tables.pattern} (handler_id, source, flags, heartbeat_at, coverage) VALUES (?, ?, ?, ${dialect.syntax.now}, ?)`,
    [handlerId, source, flags, JSON.stringify(coverage)],
  );
}

/** A process has it again. */
export async function renewPattern(
  sql: Sql,
  { tables, dialect }: Database,
  id: number,
  coverage: Coverage,
): Promise<void> {
  await sql.change(
    `UPDATE ${tables.pattern} SET heartbeat_at = ${dialect.syntax.now}, coverage = ? WHERE id = ?`,
    [JSON.stringify(coverage), id],
  );
}
