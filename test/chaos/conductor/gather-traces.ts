import { FOLLOWERS, TRACED } from '../app/plan.js';
import type { Evidence } from '../judge/evidence.js';
import type { Query } from './query.js';

/** What followers have written, and what they have collected. */
export async function gatherTraces(query: Query, version: number): Promise<Evidence['traces']> {
  const rows = await query<{ follower: string; event_key: string }>(
    'SELECT follower, event_key FROM chaos_trace ORDER BY id',
  );
  const collected = await query<{ event_key: string; payload: string }>(
    `SELECT event_key, payload FROM once_event WHERE event_group = '${TRACED}' ORDER BY position`,
  );
  const [active] = await query<{ version: unknown }>(
    "SELECT version FROM once_follower_active WHERE name = 'witness'",
  );
  return {
    version,
    active: Number(active?.version),
    groups: FOLLOWERS.witness.groups,
    rows: rows.map(({ follower, event_key: key }) => ({ follower, key })),
    collected: collected.map(({ event_key: key, payload }) => ({
      key,
      of: (JSON.parse(payload) as { of: string }).of,
    })),
  };
}
