import type { Evidence, StreamEvent } from '../judge/evidence.js';
import type { Query } from './query.js';

/** As the application names streams, which has no other name of its own. */
const APPLICATION = 'default';

/** What the database holds of aggregates. Payloads are JSON as it is, since no step is configured. */
export async function gatherStreams(query: Query): Promise<Evidence['streams']> {
  const strokes = await query<{ id: string; tally: string }>('SELECT id, tally FROM chaos_stroke');
  return {
    events: await gatherEvents(query),
    strokes: strokes.map(({ id, tally }) => ({ mark: id, stream: `${APPLICATION}:${tally}` })),
    snapshots: await gatherSnapshots(query),
  };
}

async function gatherEvents(query: Query): Promise<StreamEvent[]> {
  const rows = await query<{
    stream: string;
    stream_version: unknown;
    event_key: string;
    position: unknown;
    payload: string;
  }>('SELECT stream, stream_version, event_key, position, payload FROM once_event WHERE stream IS NOT NULL');
  return rows.map(({ stream, stream_version: version, event_key: key, position, payload }) => ({
    stream,
    version: Number(version),
    key,
    position: Number(position),
    ...(JSON.parse(payload) as { mark: string; seen: number }),
  }));
}

async function gatherSnapshots(query: Query): Promise<Evidence['streams']['snapshots']> {
  const rows = await query<{ stream: string; version: unknown; payload: string }>(
    'SELECT stream, version, payload FROM once_snapshot',
  );
  return rows.map(({ stream, version, payload }) => {
    const { state } = JSON.parse(payload) as { state: { digest: number } };
    return { stream, version: Number(version), digest: state.digest };
  });
}
