import type { SqlTime } from '../../ports/dialect.js';
import {
  answersOf,
  deliveriesOf,
  EVENT_INSERT_COLUMNS,
  eventBatches,
  eventParameters,
  eventTuples,
  firstOfEachKey,
  firstTaken,
  insertDeliveries,
  insertTags,
  undoInserts,
  versionTaken,
} from '../shared/insert-rows.js';
import { groupsOfKnown } from '../../ports/groups-of-known.js';
import { type Appended, type DeliveryRow, type EventRow, recordedAt } from '../../ports/rows.js';
import { marks, type Sql } from '../../ports/sql.js';
import type { Tables } from '../../ports/tables.js';
import { appendOne } from './append-one.js';
import { failure } from './errors.js';
import { epochLock, LEAVE, WITHOUT_WAITING } from './statements.js';

/** How often an INSERT without waiting is tried again after those have ended whom it met. */
const ROUNDS = 5;

interface Placed {
  row: EventRow;
  position: number;
}

/** Positions rise in the order of the rows, which are inserted by key: two batches of the same keys cannot deadlock. */
export async function append(
  sql: Sql,
  t: Tables,
  rows: readonly EventRow[],
  due: SqlTime,
): Promise<Appended[]> {
  const one = rows.length === 1 ? await appendOne(sql, t, rows[0]!, due) : undefined;
  if (one === undefined) return appendSeveral(sql, t, rows, due);
  await insertTags(sql, t, rows, [recordedAt(one)]);
  return [one];
}

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
  await insertTags(sql, t, rows, positions);
  for (const { key, group } of recorded.keys()) known.set(key, group);
  return answersOf(rows, positions, known);
}

/** Those of the rows that this call inserted, with their positions. */
async function insert(sql: Sql, t: Tables, rows: readonly EventRow[]): Promise<Map<EventRow, number>> {
  await enterEpoch(sql, t);
  const recorded = new Map<EventRow, number>();
  for (let left = rows; left.length > 0;) {
    const positions = await takePositions(sql, t, left.length);
    const placed = left.map((row, index): Placed => ({ row, position: positions[index]! }));
    const collided: EventRow[] = [];
    for (const batch of eventBatches(placed.sort(byKey), ({ row }) => row)) {
      const keys = await insertBatch(sql, t, batch);
      for (const { row, position } of batch.filter(({ row, position }) => keys.get(position) === row.key)) {
        recorded.set(row, position);
      }
      collided.push(...batch.filter((each) => isTaken(each, keys)).map(({ row }) => row));
    }
    if (collided.length > 0) await raisePositions(sql, t);
    left = collided;
  }
  return recorded;
}

/** Another event stands at the row's position: the sequence had fallen behind the log. */
function isTaken({ row, position }: Placed, keys: ReadonlyMap<number, string>): boolean {
  const key = keys.get(position);
  return key !== undefined && key !== row.key;
}

/** The keys that stand at the batch's positions afterwards: none where the key was in the log already. */
async function insertBatch(sql: Sql, t: Tables, batch: readonly Placed[]): Promise<Map<number, string>> {
  await insertOnceFree(sql, t, batch);
  const rows = await sql.rows(
    `SELECT position, event_key FROM ${t.event} WHERE position IN (${marks(batch.length)})`,
    batch.map(({ position }) => position),
  );
  return new Map(rows.map((row) => [Number(row.position), row.event_key as string]));
}

/**
 * Never queues for a key that another transaction holds, since InnoDB turns the places of a queue into gap locks when
 * that one rolls back, and two of those who waited then deadlock. Waits for the holder to end, then tries again.
 */
async function insertOnceFree(sql: Sql, t: Tables, batch: readonly Placed[]): Promise<void> {
  const statement = `INSERT INTO ${t.event} (${EVENT_INSERT_COLUMNS.join(', ')}, position) VALUES ${eventTuples(batch.length, 1)} ${LEAVE}`;
  const parameters = batch.flatMap(({ row, position }) => [...eventParameters(row), position]);
  for (let round = 0; round < ROUNDS; round++) {
    try {
      await sql.change(`${WITHOUT_WAITING} ${statement}`, parameters);
      return;
    } catch (error) {
      if (failure(error) !== 'lock' || (await rollsBackOnTimeout(sql))) throw error;
    }
    await awaitHolders(sql, t, batch);
  }
  await sql.change(statement, parameters);
}

/** At READ COMMITTED a row that does not match is unlocked at once, and waiting for it leaves no lock behind. */
async function awaitHolders(sql: Sql, t: Tables, batch: readonly Placed[]): Promise<void> {
  await sql.rows(
    `SELECT position FROM ${t.event} WHERE event_key IN (${marks(batch.length)}) AND recorded_at < 0 FOR UPDATE`,
    batch.map(({ row }) => row.key),
  );
}

/** A setting of the server by which a statement that met a lock has ended the whole transaction. */
async function rollsBackOnTimeout(sql: Sql): Promise<boolean> {
  const row = await sql.row('SELECT @@innodb_rollback_on_timeout AS setting');
  return Number(row!.setting) === 1;
}

/**
 * Lifts the sequence above the log, behind which it may be after a restore or a failover: its inserts are rolled back,
 * so backups and replicas need not know of them. A value given explicitly raises the counter for good.
 */
export async function raisePositions(sql: Sql, t: Tables): Promise<void> {
  await sql.change('SAVEPOINT once_position');
  await sql.change(
    `INSERT INTO ${t.name('position')} (id) SELECT max(position) FROM ${t.event} HAVING max(position) IS NOT NULL`,
  );
  await sql.change('ROLLBACK TO SAVEPOINT once_position');
}

/** The lock lasts as long as the transaction and tells the horizon that positions of it may still be undecided. */
async function enterEpoch(sql: Sql, t: Tables): Promise<void> {
  await sql.rows(`SELECT id ${epochLock(t)}`);
}

/**
 * Rising numbers that nobody else gets: a sequence made of a table that stays empty, since MySQL has no sequences.
 * Rolling an insert back does not give its numbers back, and those of one statement follow each other.
 */
async function takePositions(sql: Sql, t: Tables, count: number): Promise<number[]> {
  const rows = Array.from({ length: count }, () => '()').join(', ');
  await sql.change('SAVEPOINT once_position');
  await sql.change(`INSERT INTO ${t.name('position')} () VALUES ${rows}`);
  await sql.change('ROLLBACK TO SAVEPOINT once_position');
  const row = await sql.row('SELECT LAST_INSERT_ID() AS first, @@auto_increment_increment AS step');
  return Array.from({ length: count }, (_, index) => Number(row!.first) + index * Number(row!.step));
}

/** By UTF-16 code unit: any fixed order will do. */
function byKey({ row: a }: Placed, { row: b }: Placed): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

export async function deliver(
  sql: Sql,
  t: Tables,
  rows: readonly DeliveryRow[],
  due: SqlTime,
): Promise<void> {
  await insertDeliveries(sql, t, rows, due, LEAVE);
}

/**
 * As one JSON array, since planning `IN` with a thousand values takes longer than looking them up; in bytes, since the
 * driver would escape each quote of a text. Of the two collations the binary one, that of the table, is used for the
 * comparison. The index is named: with old statistics the server would read the whole table.
 */
export async function unknownKeys(sql: Sql, t: Tables, keys: readonly string[]): Promise<string[]> {
  const rows = await sql.rows<{ event_key: string }>(
    `SELECT k.event_key FROM JSON_TABLE(CONVERT(? USING utf8mb4), '$[*]' COLUMNS (
       event_key VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci PATH '$'
     )) k LEFT JOIN ${t.event} e FORCE INDEX (event_key) ON e.event_key = k.event_key
     WHERE e.event_key IS NULL`,
    [Buffer.from(JSON.stringify(keys))],
  );
  return rows.map((row) => row.event_key);
}
