import type { HorizonProbe } from '../../ports/horizon-probe.js';
import type { Sql } from '../../ports/sql.js';
import type { Tables } from '../../ports/tables.js';

interface OpenEpochs {
  /** The epoch's number when the position was read. */
  noted: number;
  /** The rows that have not been seen free since. */
  rows: Set<number>;
}

/** So many changes of epoch after a note, each of the two rows was seen free after it, by whichever process. */
const CHANGES = 3;

/**
 * Every append holds a shared lock on one of two epoch rows until its transaction ends, taken before it gets its
 * positions. Once each of the two rows could be locked exclusively after a position was read, every transaction that
 * was open then has ended, and all positions up to it are decided. The epoch's number says which row new appends take;
 * it moves on when the other row is free, so a stream of appends cannot keep a row locked for ever, and all processes
 * move it for each other.
 */
export const horizon: HorizonProbe = {
  async note(sql, t) {
    const row = await sql.row(`SELECT coalesce(max(position), 0) AS position FROM ${t.event}`);
    return { position: Number(row!.position) };
  },
  async settled(sql, t, note) {
    const epoch = await epochNumber(sql, t);
    const open = (note.open ??= { noted: epoch, rows: new Set([0, 1]) }) as OpenEpochs;
    const [current, next] = [epoch % 2, (epoch + 1) % 2];
    const nextIsFree = await isFree(sql, t, next);
    if (nextIsFree) open.rows.delete(next);
    if (await isFree(sql, t, current)) open.rows.delete(current);
    if (open.rows.size === 0 || epoch - open.noted >= CHANGES) return true;
    if (nextIsFree) await moveOn(sql, t, epoch);
    return false;
  },
};

async function epochNumber(sql: Sql, t: Tables): Promise<number> {
  const row = await sql.row(`SELECT value FROM ${t.state} WHERE name = 'epoch'`);
  return Number(row!.value);
}

/** Outside a transaction, so that the lock ends with the statement. */
async function isFree(sql: Sql, t: Tables, row: number): Promise<boolean> {
  return (
    (await sql.rows(`SELECT id FROM ${t.name('epoch')} WHERE id = ? FOR UPDATE SKIP LOCKED`, [row])).length >
    0
  );
}

async function moveOn(sql: Sql, t: Tables, epoch: number): Promise<void> {
  await sql.change(`UPDATE ${t.state} SET value = value + 1 WHERE name = 'epoch' AND value = ?`, [epoch]);
}
