import { CHOICE, TOPICS } from '../app/plan.js';
import type { Evidence, TopicEvent } from '../judge/evidence.js';
import type { Query } from './query.js';

interface TaggedRow {
  tag: string;
  position: unknown;
  event_key: string;
  event_group: string;
  payload: string;
}

/** What the database holds under the topics, with what each choice says that it was made of. */
export async function gatherTopics(query: Query): Promise<Evidence['topics']> {
  const topics = TOPICS.map((topic) => `'${topic}'`).join(', ');
  const rows = await query<TaggedRow>(
    `SELECT t.tag, e.position, e.event_key, e.event_group, e.payload FROM once_event_tag t
     JOIN once_event e ON e.position = t.position WHERE t.tag IN (${topics}) ORDER BY e.position, t.tag`,
  );
  const events = new Map<number, TopicEvent>();
  for (const row of rows) {
    const position = Number(row.position);
    const { event_key: key, event_group: group, payload } = row;
    const seen = group === CHOICE ? { seen: (JSON.parse(payload) as { seen: number }).seen } : {};
    const tags = [...(events.get(position)?.tags ?? []), row.tag];
    events.set(position, { key, group, position, tags, ...seen });
  }
  return [...events.values()];
}
