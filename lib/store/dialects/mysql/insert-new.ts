import { createHash } from 'node:crypto';
import { EVENT_INSERT_COLUMNS, eventParameters, eventTuples } from '../shared/insert-rows.js';
import { groupsOfKnown } from '../../ports/groups-of-known.js';
import type { EventRow } from '../../ports/rows.js';
import type { Sql } from '../../ports/sql.js';
import type { Tables } from '../../ports/tables.js';
import { failure } from './errors.js';
import { serverOf } from './server.js';
import { WITHOUT_WAITING } from './statements.js';

/** Seconds for which one who wants a key stays behind another who waits for it. */
const BEHIND = 10;

export interface Placed {
  row: EventRow;
  position: number;
}

export interface Inserted {
  recorded: readonly Placed[];
  /** Another event stands at their positions: the sequence had fallen behind the log. */
  collided: readonly Placed[];
}

/**
 * Inserts those of the rows whose keys are not in the log. By a plain INSERT that may fail: above READ COMMITTED the end
 * `ON DUPLICATE KEY UPDATE` would lock the row that is there, and MariaDB, from 11.6.2 on, ends the transaction where
 * that was committed after its snapshot (`innodb_snapshot_isolation`).
 */
export async function insertNew(sql: Sql, t: Tables, rows: readonly Placed[]): Promise<Inserted> {
  if (rows.length === 0 || (await insertAll(sql, t, rows))) return { recorded: rows, collided: [] };
  const unknown = await withoutKnown(sql, t, rows);
  if (unknown.length < rows.length) return insertNew(sql, t, unknown);
  if (rows.length > 1) return oneByOne(sql, t, rows);
  return { recorded: [], collided: (await isThere(sql, t, rows[0]!)) ? [] : rows };
}

/** A key that is there, committed after the snapshot of this transaction, does not show which of the rows it is. */
async function oneByOne(sql: Sql, t: Tables, rows: readonly Placed[]): Promise<Inserted> {
  const each: Inserted[] = [];
  for (const row of rows) each.push(await insertNew(sql, t, [row]));
  return {
    recorded: each.flatMap(({ recorded }) => recorded),
    collided: each.flatMap(({ collided }) => collided),
  };
}

async function withoutKnown(sql: Sql, t: Tables, rows: readonly Placed[]): Promise<Placed[]> {
  const known = await groupsOfKnown(
    sql,
    t,
    rows.map(({ row }) => row.key),
  );
  return rows.filter(({ row }) => !known.has(row.key));
}

/** Its key, or the version of its stream. A shared lock sees what was committed last, and no snapshot is in its way. */
async function isThere(sql: Sql, t: Tables, { row }: Placed): Promise<boolean> {
  const { key, stream, streamVersion } = row;
  const find = (where: string, parameters: readonly unknown[]) =>
    sql.row(`SELECT position FROM ${t.event} WHERE ${where} LOCK IN SHARE MODE`, parameters);
  if ((await find('event_key = ?', [key])) !== undefined) return true;
  return (
    stream !== null &&
    (await find('stream = ? AND stream_version = ?', [stream, streamVersion])) !== undefined
  );
}

/** False, with nothing inserted, where a key or a position is there. */
async function insertAll(sql: Sql, t: Tables, rows: readonly Placed[]): Promise<boolean> {
  try {
    if (!(await insertAtOnce(sql, t, rows))) await insertBehindOthers(sql, t, rows);
    return true;
  } catch (error) {
    if (failure(error) === 'duplicate') return false;
    throw error;
  }
}

async function insert(sql: Sql, t: Tables, rows: readonly Placed[], prefix = ''): Promise<void> {
  await sql.change(
    `${prefix} INSERT INTO ${t.event} (${EVENT_INSERT_COLUMNS.join(', ')}, position) VALUES ${eventTuples(rows.length, 1)}`,
    rows.flatMap(({ row, position }) => [...eventParameters(row), position]),
  );
}

/** False, with nothing inserted, where the server can fail at once and has met a lock. */
async function insertAtOnce(sql: Sql, t: Tables, rows: readonly Placed[]): Promise<boolean> {
  if (!(await serverOf(sql)).failsAtOnce) return false;
  try {
    await insert(sql, t, rows, WITHOUT_WAITING);
    return true;
  } catch (error) {
    if (failure(error) !== 'lock' || (await rollsBackOnTimeout(sql))) throw error;
    return false;
  }
}

/** A setting of the server by which a statement that met a lock has ended the whole transaction. */
async function rollsBackOnTimeout(sql: Sql): Promise<boolean> {
  const row = await sql.row('SELECT @@innodb_rollback_on_timeout AS setting');
  return Number(row!.setting) === 1;
}

/**
 * One at a time stands in InnoDB's queue for a key, since it turns the places of a queue into gap locks when the holder
 * rolls back, and two of those who waited then deadlock. The others wait for a lock of the session, which this one gives back
 * as soon as its INSERT is through. Of several keys the first stands for all; and whoever has waited for long queues all the
 * same, since the server sees no deadlock between the two kinds of locks.
 */
async function insertBehindOthers(sql: Sql, t: Tables, rows: readonly Placed[]): Promise<void> {
  const name = 'SHA2(CONCAT(DATABASE(), ?), 224)';
  const parameters = [createHash('sha256').update(`${t.event}/${rows[0]!.row.key}`).digest('hex')];
  const patience = `LEAST(@@innodb_lock_wait_timeout, ${BEHIND})`;
  const row = await sql.row(`SELECT GET_LOCK(${name}, ${patience}) AS taken`, parameters);
  try {
    await insert(sql, t, rows);
  } finally {
    if (Number(row!.taken) === 1) await sql.rows(`SELECT RELEASE_LOCK(${name}) AS released`, parameters);
  }
}
