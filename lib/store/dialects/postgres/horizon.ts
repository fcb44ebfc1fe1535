import type { HorizonProbe } from '../../ports/horizon-probe.js';
import type { Sql } from '../../ports/sql.js';
import type { Tables } from '../../ports/tables.js';

/**
 * An append locks the table of events, as every INSERT does, before it takes its positions and until its transaction
 * has ended and can be seen. So once all those have ended that held that lock after a position was read, all positions
 * up to it are decided. Transaction ids would tell less: those of the whole server count, whatever their database.
 */
export const horizon: HorizonProbe = {
  async note(sql, t) {
    const sequence = await sql.row(
      `SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS position FROM ${t.name('event_position')}`,
    );
    return { position: Number(sequence!.position) };
  },
  async settled(sql, t, note) {
    const writing = await writers(sql, t);
    const open = note.open as string[] | undefined;
    const left = open ? open.filter((transaction) => writing.has(transaction)) : [...writing];
    note.open = left;
    return left.length === 0;
  },
};

/** Virtual ids of the transactions that have written to the table of events; prepared ones have ids too. */
async function writers(sql: Sql, t: Tables): Promise<Set<string>> {
  const rows = await sql.rows(
    `SELECT virtualtransaction AS id FROM pg_locks
     WHERE locktype = 'relation' AND relation = ?::regclass AND mode = 'RowExclusiveLock' AND granted
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    [t.event],
  );
  return new Set(rows.map((row) => row.id as string));
}
