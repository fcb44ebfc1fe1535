import type { SqlTime } from '../dialect.js';
import {
  deliveriesOf,
  EVENT_INSERT_COLUMNS,
  eventBatches,
  eventParameters,
  eventTuples,
  firstOfEachKey,
  groupsOfKnown,
  insertDeliveries,
} from '../insert-rows.js';
import type { AppendedRow, DeliveryRow, EventRow } from '../rows.js';
import type { Sql } from '../sql.js';
import type { Tables } from '../tables.js';
import { appendOne } from './append-one.js';

export async function append(
  sql: Sql,
  t: Tables,
  rows: readonly EventRow[],
  due: SqlTime,
): Promise<AppendedRow[]> {
  if (rows.length === 1) return [await appendOne(sql, t, rows[0]!, due)];
  const positions = new Map<string, number>();
  for (const batch of eventBatches(rows, (row) => row)) {
    const inserted = await sql.rows(
      `INSERT INTO ${t.event} (${EVENT_INSERT_COLUMNS.join(', ')}) VALUES ${eventTuples(batch.length)}
       ON CONFLICT (event_key) DO NOTHING RETURNING position, event_key`,
      batch.flatMap(eventParameters),
    );
    for (const row of inserted) positions.set(row.event_key as string, Number(row.position));
  }
  const first = new Set(firstOfEachKey(rows));
  const result = rows.map((row) => ({ position: first.has(row) ? positions.get(row.key) : undefined }));
  await deliver(
    sql,
    t,
    deliveriesOf(
      rows,
      result.map(({ position }) => position),
    ),
    due,
  );
  return withExistingGroups(sql, t, rows, result);
}

async function withExistingGroups(
  sql: Sql,
  t: Tables,
  rows: readonly EventRow[],
  appended: AppendedRow[],
): Promise<AppendedRow[]> {
  const known = rows.filter((_, index) => appended[index]!.position === undefined).map((row) => row.key);
  const groups = await groupsOfKnown(sql, t, known);
  return appended.map((row, index) =>
    row.position === undefined ? { existingGroup: groups.get(rows[index]!.key) } : row,
  );
}

export async function deliver(
  sql: Sql,
  t: Tables,
  rows: readonly DeliveryRow[],
  due: SqlTime,
): Promise<void> {
  await insertDeliveries(sql, t, rows, due, 'ON CONFLICT DO NOTHING');
}

/** As one JSON array: binding a thousand parameters and reading as many rows take longer than the look-up itself. */
export async function unknownKeys(sql: Sql, t: Tables, keys: readonly string[]): Promise<string[]> {
  const rows = await sql.rows<{ key: string }>(
    `SELECT k.value AS key FROM json_each(?) k
     WHERE NOT EXISTS (SELECT 1 FROM ${t.event} e WHERE e.event_key = k.value)`,
    [JSON.stringify(keys)],
  );
  return rows.map(({ key }) => key);
}
