import type { HorizonNote, HorizonProbe } from '../dialect.js';
import type { Sql } from '../sql.js';
import type { Tables } from '../tables.js';

/**
 * Every append holds a shared lock on one of two epoch rows until its transaction ends, taken before it gets its
 * positions. Once each of the two rows could be locked exclusively after a position was read, every transaction that
 * was open then has ended, and all positions up to it are decided. New appends go to the row that is not waited for,
 * so a stream of them cannot keep it locked.
 */
export function horizon(t: Tables): HorizonProbe {
  return {
    async note(sql: Sql): Promise<HorizonNote> {
      const row = await sql.row(`SELECT coalesce(max(position), 0) AS position FROM ${t.event}`);
      return { position: Number(row!.position), open: new Set([0, 1]) };
    },
    async settled(sql: Sql, note: HorizonNote): Promise<boolean> {
      const open = note.open as Set<number>;
      for (const epoch of [...open]) {
        if (await isFree(sql, t, epoch)) open.delete(epoch);
        else await leaveEpoch(sql, t, epoch);
      }
      return open.size === 0;
    },
  };
}

/** Outside a transaction, so that the lock ends with the statement. */
async function isFree(sql: Sql, t: Tables, epoch: number): Promise<boolean> {
  return (await sql.rows(`SELECT id FROM ${t.name('epoch')} WHERE id = ? FOR UPDATE SKIP LOCKED`, [epoch])).length > 0;
}

async function leaveEpoch(sql: Sql, t: Tables, epoch: number): Promise<void> {
  await sql.change(`UPDATE ${t.state} SET value = ? WHERE name = 'epoch' AND value = ?`, [1 - epoch, epoch]);
}
