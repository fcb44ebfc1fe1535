import { groupsOfKnown } from '../../ports/groups-of-known.js';
import type { Appended, EventRow } from '../../ports/rows.js';
import type { Row, Sql, SqlTime } from '../../ports/sql.js';
import type { Tables } from '../../ports/tables.js';
import { bucketsOfRows } from '../../ports/tag-buckets.js';
import {
  answersOf,
  batchesOf,
  BYTES_PER_INSERT,
  deliveriesOf,
  EVENT_INSERT_COLUMNS,
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
import { shareFunction } from './decision-functions.js';
import { SequenceBehindError } from './errors.js';

const LEAVE = 'ON CONFLICT DO NOTHING';

/** More than one message should carry: the driver makes a text of each array, and the server takes 1 GB at most. */
export function isLarge(rows: readonly EventRow[]): boolean {
  let bytes = 0;
  return rows.some((row) => (bytes += eventBytes(row)) > BYTES_PER_INSERT);
}

/** What the function `append_many` does, in several statements of one transaction: the caller's, or one of its own. */
export async function appendLarge(
  sql: Sql,
  t: Tables,
  rows: readonly EventRow[],
  due: SqlTime,
): Promise<Appended[]> {
  const { runner } = sql;
  if (runner.isTransactionActive) return appendInParts(sql, t, rows, due);
  await runner.startTransaction('READ COMMITTED');
  try {
    const appended = await appendInParts(sql, t, rows, due);
    await runner.commitTransaction();
    return appended;
  } catch (error) {
    // The error that caused it is the one to report.
    await runner.rollbackTransaction().catch(() => undefined);
    throw error;
  }
}

async function appendInParts(
  sql: Sql,
  t: Tables,
  rows: readonly EventRow[],
  due: SqlTime,
): Promise<Appended[]> {
  const buckets = bucketsOfRows(rows);
  if (buckets) await sql.rows(`SELECT ${shareFunction(t)}(?::integer[])`, [buckets]);
  const recorded = await insert(sql, t, firstOfEachKey(rows));
  const positions = rows.map((row) => recorded.get(row));
  const left = rows.filter((row) => !recorded.has(row));
  const known = await groupsOfKnown(
    sql,
    t,
    left.map(({ key }) => key),
  );
  for (const row of left) if (!known.has(row.key)) await assertThere(sql, t, row);
  const taken = firstTaken(rows, positions);
  if (taken) {
    await undoInserts(sql, t, [...recorded.values()]);
    return versionTaken(rows, taken);
  }
  await insertDeliveries(sql, t, deliveriesOf(rows, positions), due, LEAVE);
  await insertTags(sql, t, rows, positions);
  return answersOf(rows, positions, known);
}

/** Positions rise in the order of the rows, which are inserted by key: two appends of the same keys cannot deadlock. */
async function insert(sql: Sql, t: Tables, rows: readonly EventRow[]): Promise<Map<EventRow, number>> {
  const positions = await takePositions(sql, t, rows.length);
  const placed = rows.map((row, index) => ({ row, position: positions[index]! }));
  const rowsOf = new Map(placed.map(({ row, position }) => [position, row]));
  const recorded = new Map<EventRow, number>();
  for (const batch of batchesOf(placed.sort(byKey), ({ row }) => eventBytes(row))) {
    const inserted = await sql.rows(
      `INSERT INTO ${t.event} (${EVENT_INSERT_COLUMNS.join(', ')}, position) VALUES ${eventTuples(batch.length, 1)}
       ${LEAVE} RETURNING position`,
      batch.flatMap(({ row, position }) => [...eventParameters(row), position]),
    );
    for (const position of inserted.map(placeOf)) recorded.set(rowsOf.get(position)!, position);
  }
  return recorded;
}

/** The lock on the table is taken before the positions: see `horizon`. */
async function takePositions(sql: Sql, t: Tables, count: number): Promise<number[]> {
  await sql.change(`LOCK TABLE ${t.event} IN ROW EXCLUSIVE MODE`);
  const rows = await sql.rows(
    `SELECT nextval('${t.name('event_position')}') AS position FROM generate_series(1, ?::integer)`,
    [count],
  );
  return rows.map(placeOf);
}

function placeOf(row: Row): number {
  return Number(row.position);
}

/** By bytes, as the function does: its appends meet these. */
function byKey({ row: a }: { row: EventRow }, { row: b }: { row: EventRow }): number {
  return Buffer.compare(Buffer.from(a.key), Buffer.from(b.key));
}

/** Without a target the INSERT also leaves out a row whose position is there: a sequence that has fallen behind the log. */
async function assertThere(sql: Sql, t: Tables, { key, stream, streamVersion }: EventRow): Promise<void> {
  const row = await sql.row(
    `SELECT position FROM ${t.event} WHERE event_key = ? OR (stream = ? AND stream_version = ?)`,
    [key, stream, streamVersion],
  );
  if (!row) throw new SequenceBehindError(t.name('event_position'));
}
