import type { HorizonNote, HorizonProbe } from '../dialect.js';
import type { Sql } from '../sql.js';
import type { Tables } from '../tables.js';

/**
 * Every append takes its transaction id before its positions. So once each transaction with an id below one that was
 * taken after a position was read has ended, all positions up to it are decided. The id has to be taken: the xmax of a
 * snapshot is only one past the last id that has *ended*, and open transactions may have higher ones.
 */
export function horizon(t: Tables): HorizonProbe {
  return {
    async note(sql: Sql): Promise<HorizonNote> {
      const sequence = await sql.row(
        `SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS position FROM ${t.name('event_position')}`,
      );
      return { position: Number(sequence!.position) };
    },
    async settled(sql: Sql, note: HorizonNote): Promise<boolean> {
      note.open ??= await nextTransactionId(sql);
      const row = await sql.row('SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS xmin');
      return BigInt(row!.xmin as string) >= (note.open as bigint);
    },
  };
}

/** Of a transaction that ends with this statement, unless the caller is in one. */
async function nextTransactionId(sql: Sql): Promise<bigint> {
  const row = await sql.row('SELECT pg_current_xact_id()::text AS id');
  return BigInt(row!.id as string);
}
