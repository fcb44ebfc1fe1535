import {
  answersOf,
  deliveriesOf,
  EVENT_INSERT_COLUMNS,
  batchesOf,
  eventBytes,
  eventParameters,
  eventTuples,
  firstOfEachKey,
  firstTaken,
  insertDeliveries,
  insertTags,
  undoInserts,
  versionTaken,
} from '../shared/insert-rows.js';
import type { LogSql } from '../../ports/log-sql.js';
import type { DeliverySql } from '../../ports/delivery-sql.js';
import { groupsOfKnown } from '../../ports/groups-of-known.js';
import type { EventRow } from '../../ports/rows.js';
import type { Sql, SqlTime } from '../../ports/sql.js';
import type { Tables } from '../../ports/tables.js';
import { appendOne } from './append-one.js';

type Positions = readonly (number | undefined)[];

export const append: LogSql['append'] = async (sql, t, rows, due) => {
  const positions =
    rows.length === 1 ? [await appendOne(sql, t, rows[0]!, due)] : await appendSeveral(sql, t, rows, due);
  const taken = firstTaken(rows, positions);
  if (taken) return versionTaken(rows, taken);
  await insertTags(sql, t, rows, positions);
  const known = rows.filter((_, index) => positions[index] === undefined).map(({ key }) => key);
  return answersOf(rows, positions, await groupsOfKnown(sql, t, known));
};

/** Where a version is taken, nothing was recorded. */
async function appendSeveral(
  sql: Sql,
  t: Tables,
  rows: readonly EventRow[],
  due: SqlTime,
): Promise<Positions> {
  const inserted = await insert(sql, t, rows);
  const first = new Set(firstOfEachKey(rows));
  const positions = rows.map((row) => (first.has(row) ? inserted.get(row.key) : undefined));
  if (firstTaken(rows, positions)) await undoInserts(sql, t, [...inserted.values()]);
  else await deliver(sql, t, deliveriesOf(rows, positions), due);
  return positions;
}

/** The positions of what was new, by key. */
async function insert(sql: Sql, t: Tables, rows: readonly EventRow[]): Promise<Map<string, number>> {
  const positions = new Map<string, number>();
  for (const batch of batchesOf(rows, eventBytes)) {
    const inserted = await sql.rows(
      `INSERT INTO ${t.event} (${EVENT_INSERT_COLUMNS.join(', ')}) VALUES ${eventTuples(batch.length)}
       ON CONFLICT DO NOTHING RETURNING position, event_key`,
      batch.flatMap(eventParameters),
    );
    for (const row of inserted) positions.set(row.event_key as string, Number(row.position));
  }
  return positions;
}

export const deliver: DeliverySql['create'] = async (sql, t, rows, due) => {
  await insertDeliveries(sql, t, rows, due, 'ON CONFLICT DO NOTHING');
};

/** As one JSON array: binding a thousand parameters and reading as many rows take longer than the look-up itself. */
export const unknownKeys: LogSql['unknownKeys'] = async (sql, t, keys) => {
  const rows = await sql.rows<{ key: string }>(
    `SELECT k.value AS key FROM json_each(?) k
     WHERE NOT EXISTS (SELECT 1 FROM ${t.event} e WHERE e.event_key = k.value)`,
    [JSON.stringify(keys)],
  );
  return rows.map(({ key }) => key);
};
