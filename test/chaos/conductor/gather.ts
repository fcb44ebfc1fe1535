import { LEASE, PLANS } from '../app/plan.js';
import { gatherStreams } from './gather-streams.js';
import { gatherTopics } from './gather-topics.js';
import { gatherTraces } from './gather-traces.js';
import type { Evidence, Outcome } from '../judge/evidence.js';
import type { Query } from './query.js';

/** As they are stored. */
const STATES = ['pending', 'running', 'dead', 'succeeded', 'cancelled'] as const;

/** What the database holds, read from its tables and not through the library that is under test. */
export async function gatherRows(
  query: Query,
  clockOffset: number,
  version: number,
): Promise<
  Pick<
    Evidence,
    | 'plans'
    | 'lease'
    | 'causes'
    | 'events'
    | 'streams'
    | 'topics'
    | 'traces'
    | 'outcomes'
    | 'effects'
    | 'balances'
  >
> {
  const deeds = await query<{ id: string; kind: string }>('SELECT id, kind FROM chaos_deed');
  const entries = await query<{ id: string }>('SELECT id FROM chaos_entry');
  const accounts = await query<{ balance: number }>('SELECT balance FROM chaos_account ORDER BY id');
  return {
    plans: PLANS,
    lease: LEASE,
    causes: [
      ...deeds.map(({ id, kind }) => ({ key: `${kind}_${id}`, group: kind })),
      ...entries.map(({ id }) => ({ key: `entry_${id}`, group: 'entry' })),
    ],
    events: await gatherEvents(query),
    streams: await gatherStreams(query),
    topics: await gatherTopics(query),
    traces: await gatherTraces(query, version),
    outcomes: await gatherOutcomes(query, clockOffset),
    effects: await gatherEffects(query),
    balances: accounts.map(({ balance }) => Number(balance)),
  };
}

async function gatherEvents(query: Query): Promise<Evidence['events']> {
  const rows = await query<{
    event_key: string;
    event_group: string;
    position: unknown;
    order_key: string | null;
  }>('SELECT event_key, event_group, position, order_key FROM once_event ORDER BY position');
  return rows.map(({ event_key: key, event_group: group, position, order_key: orderKey }) => {
    return { key, group, position: Number(position), orderKey };
  });
}

async function gatherEffects(query: Query): Promise<Evidence['effects']> {
  const rows = await query<{ handler: string; event_key: string }>(
    'SELECT handler, event_key FROM chaos_effect ORDER BY id',
  );
  return rows.map(({ handler, event_key: key }) => ({ handler, key }));
}

async function gatherOutcomes(query: Query, clockOffset: number): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const [table, finishedAt] of [
    ['once_delivery', 'NULL'],
    ['once_delivery_finished', 'd.finished_at'],
  ]) {
    const rows = await query<{ handler: string; event_key: string; state: number; finished_at: unknown }>(
      `SELECT h.name AS handler, e.event_key, d.state, ${finishedAt} AS finished_at FROM ${table} d
       JOIN once_handler h ON h.id = d.handler_id JOIN once_event e ON e.position = d.position`,
    );
    for (const { handler, event_key: key, state, finished_at: finished } of rows) {
      const known = STATES[Number(state)]!;
      const ended = finished === null || finished === undefined ? undefined : Number(finished) - clockOffset;
      outcomes.push({ handler, key, state: known, finishedAt: ended });
    }
  }
  return outcomes;
}
