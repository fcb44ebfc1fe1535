import type { HorizonProbe } from '../../ports/horizon-probe.js';

/** One transaction writes at a time, so positions are in commit order and what can be read is decided. */
export const horizon: HorizonProbe = {
  async note(sql, t) {
    const row = await sql.row(`SELECT coalesce(max(position), 0) AS position FROM ${t.event}`);
    return { position: Number(row!.position) };
  },
  settled: async () => true,
};
