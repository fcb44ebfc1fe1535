import {
  BYTES_PER_INSERT,
  answersOf,
  deliveriesOf,
  batchesOf,
  eventBytes,
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
import type { Appended, EventRow } from '../../ports/rows.js';
import type { Sql, SqlTime } from '../../ports/sql.js';
import type { Tables } from '../../ports/tables.js';
import { bucketsOfRows } from '../../ports/tag-buckets.js';
import { appendOne } from './append-one.js';
import { insertNew, type Placed } from './insert-new.js';
import { enterEpoch, raisePositions, takePositions } from './positions.js';
import { serverOf } from './server.js';
import { LEAVE } from './statements.js';

/** Positions rise in the order of the rows, which are inserted by key: two batches of the same keys cannot deadlock. */
export const append: LogSql['append'] = async (sql, t, rows, due) => {
  const one = rows.length === 1 ? await appendOne(sql, t, rows[0]!, due) : undefined;
  return one ? [one] : appendSeveral(sql, t, rows, due);
};

async function appendSeveral(
  sql: Sql,
  t: Tables,
  rows: readonly EventRow[],
  due: SqlTime,
): Promise<Appended[]> {
  const known = await groupsOfKnown(
    sql,
    t,
    rows.map((row) => row.key),
  );
  const seen = rows.find(({ stream, key }) => stream !== null && known.has(key));
  if (seen) return versionTaken(rows, seen);
  const missing = firstOfEachKey(rows).filter((row) => !known.has(row.key));
  const recorded = missing.length > 0 ? await insert(sql, t, missing) : new Map<EventRow, number>();
  const positions = rows.map((row) => recorded.get(row));
  const taken = firstTaken(rows, positions);
  if (taken) {
    await undoInserts(sql, t, [...recorded.values()]);
    return versionTaken(rows, taken);
  }
  await deliver(sql, t, deliveriesOf(rows, positions), due);
  await insertTags(sql, t, rows, positions, await bytesPerInsert(sql));
  for (const { key, group } of recorded.keys()) known.set(key, group);
  return answersOf(rows, positions, known);
}

/** Those of the rows that this call inserted, with their positions. */
async function insert(sql: Sql, t: Tables, rows: readonly EventRow[]): Promise<Map<EventRow, number>> {
  const step = await enterEpoch(sql, t, bucketsOfRows(rows));
  const most = await bytesPerInsert(sql);
  const recorded = new Map<EventRow, number>();
  for (let left = rows; left.length > 0;) {
    const positions = await takePositions(sql, t, left.length, step);
    const placed = left.map((row, index): Placed => ({ row, position: positions[index]! }));
    const collided: EventRow[] = [];
    for (const batch of batchesOf(placed.sort(byKey), ({ row }) => eventBytes(row), most)) {
      const inserted = await insertNew(sql, t, batch);
      for (const { row, position } of inserted.recorded) recorded.set(row, position);
      collided.push(...inserted.collided.map(({ row }) => row));
    }
    // The log as it is, whatever this transaction sees of it.
    if (collided.length > 0) await raisePositions(sql, t, 'LOCK IN SHARE MODE');
    left = collided;
  }
  return recorded;
}

/** By UTF-16 code unit: any fixed order will do. */
function byKey({ row: a }: Placed, { row: b }: Placed): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

/** A quarter of a packet: the driver escapes or doubles what it sends, and one that is too large ends the connection. */
async function bytesPerInsert(sql: Sql): Promise<number> {
  return Math.min(BYTES_PER_INSERT, (await serverOf(sql)).packet / 4);
}

export const deliver: DeliverySql['create'] = async (sql, t, rows, due) => {
  await insertDeliveries(sql, t, rows, due, LEAVE, await bytesPerInsert(sql));
};

/**
 * As one JSON array, since planning `IN` with a thousand values takes longer than looking them up; in bytes, since the
 * driver would escape each quote of a text. Of the two collations the binary one, that of the table, is used for the
 * comparison. The index is named: with old statistics the server would read the whole table.
 */
export const unknownKeys: LogSql['unknownKeys'] = async (sql, t, keys) => {
  const rows = await sql.rows<{ event_key: string }>(
    `SELECT k.event_key FROM JSON_TABLE(CONVERT(? USING utf8mb4), '$[*]' COLUMNS (
       event_key VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci PATH '$'
     )) k LEFT JOIN ${t.event} e FORCE INDEX (event_key) ON e.event_key = k.event_key
     WHERE e.event_key IS NULL`,
    [Buffer.from(JSON.stringify(keys))],
  );
  return rows.map((row) => row.event_key);
};
