import type { HorizonNote, HorizonProbe } from '../dialect.js';
import type { Sql } from '../sql.js';
import type { Tables } from '../tables.js';

/**
 * Every append takes its transaction id before its positions. So once each transaction id below the one that was next
 * when a position was read has ended, all positions up to it are decided. The position is read before the snapshot,
 * in a statement of its own: a transaction that took its id in between has an id below the snapshot's xmax.
 */
export function horizon(t: Tables): HorizonProbe {
  return {
    async note(sql: Sql): Promise<HorizonNote> {
      const sequence = await sql.row(
        `SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS position FROM ${t.name('event_position')}`,
      );
      const snapshot = await sql.row('SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS xmax');
      return { position: Number(sequence!.position), open: BigInt(snapshot!.xmax as string) };
    },
    async settled(sql: Sql, note: HorizonNote): Promise<boolean> {
      const row = await sql.row('SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS xmin');
      return BigInt(row!.xmin as string) >= (note.open as bigint);
    },
  };
}
