import { randomInt } from 'node:crypto';
import type { SqlTime } from '../dialect.js';
import {
  deliveriesOf,
  EVENT_INSERT_COLUMNS,
  eventParameters,
  eventTuples,
  insertDeliveries,
  ROWS_PER_INSERT,
} from '../insert-rows.js';
import type { AppendedRow, DeliveryRow, EventRow } from '../rows.js';
import { chunks, marks, type Sql } from '../sql.js';
import type { Tables } from '../tables.js';

/** Leaves a row that is there as it is. Not `INSERT IGNORE`, which swallows truncation and other errors too. */
const LEAVE = 'ON DUPLICATE KEY UPDATE position = position';

/** Sorted by key, so that two batches with the same keys cannot deadlock; positions rise in the order of the rows. */
export async function append(sql: Sql, t: Tables, rows: readonly EventRow[], due: SqlTime): Promise<AppendedRow[]> {
  const known = await existing(sql, t, rows.map((row) => row.key));
  const missing = rows.filter((row) => !known.has(row.key));
  const recorded = missing.length > 0 ? await insert(sql, t, missing) : new Map<string, number>();
  const seen = new Set<string>();
  const result = rows.map((row): AppendedRow => {
    const first = !seen.has(row.key);
    seen.add(row.key);
    return first && recorded.has(row.key)
      ? { position: recorded.get(row.key)! }
      : { existingGroup: known.get(row.key) };
  });
  await deliver(sql, t, deliveriesOf(rows, result.map(({ position }) => position)), due);
  return result;
}

async function existing(sql: Sql, t: Tables, keys: readonly string[]): Promise<Map<string, string>> {
  const groups = new Map<string, string>();
  for (const batch of chunks(keys, ROWS_PER_INSERT)) {
    const rows = await sql.rows(
      `SELECT event_key, event_group FROM ${t.event} WHERE event_key IN (${marks(batch.length)})`,
      batch,
    );
    for (const row of rows) groups.set(row.event_key as string, row.event_group as string);
  }
  return groups;
}

/** Positions by key of those rows that this call inserted; `append_id` tells them from rows of another transaction. */
async function insert(sql: Sql, t: Tables, rows: readonly EventRow[]): Promise<Map<string, number>> {
  await enterEpoch(sql, t);
  const appendId = randomInt(2 ** 48 - 1);
  const positions = new Map<string, number>();
  for (const batch of chunks(inKeyOrder(rows), ROWS_PER_INSERT)) {
    await sql.change(
      `INSERT INTO ${t.event} (${EVENT_INSERT_COLUMNS.join(', ')}, append_id) VALUES ${eventTuples(batch, 1)} ${LEAVE}`,
      batch.flatMap((row) => [...eventParameters(row), appendId]),
    );
    const inserted = await sql.rows(
      `SELECT position, event_key FROM ${t.event} WHERE event_key IN (${marks(batch.length)}) AND append_id = ?`,
      [...batch.map((row) => row.key), appendId],
    );
    for (const row of inserted) positions.set(row.event_key as string, Number(row.position));
  }
  return positions;
}

/** The lock lasts as long as the transaction and tells the horizon that positions of it may still be undecided. */
async function enterEpoch(sql: Sql, t: Tables): Promise<void> {
  await sql.rows(
    `SELECT id FROM ${t.name('epoch')} WHERE id = (SELECT value FROM ${t.state} WHERE name = 'epoch') LOCK IN SHARE MODE`,
  );
}

/** By UTF-16 code unit: any fixed order will do. */
function inKeyOrder(rows: readonly EventRow[]): EventRow[] {
  return [...rows].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

export async function deliver(sql: Sql, t: Tables, rows: readonly DeliveryRow[], due: SqlTime): Promise<void> {
  await insertDeliveries(sql, t, rows, due, LEAVE);
}
