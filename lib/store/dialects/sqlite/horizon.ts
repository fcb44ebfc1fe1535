import type { HorizonProbe } from '../../ports/dialect.js';
import type { Tables } from '../../ports/tables.js';

/** One transaction writes at a time, so positions are in commit order and what can be read is decided. */
export function horizon(t: Tables): HorizonProbe {
  return {
    async note(sql) {
      const row = await sql.row(`SELECT coalesce(max(position), 0) AS position FROM ${t.event}`);
      return { position: Number(row!.position) };
    },
    settled: async () => true,
  };
}
