import type { Answer, EventError } from './post.js';
import type { QueuedEvent } from './queued-event.js';

/**
 * What the event log has said of a batch: all of it is recorded; these of it never will be, or not now; it is too much at
 * once. `unheard`: nothing, since somebody else answered, or nobody.
 */
export interface Verdict {
  word: 'recorded' | 'refused' | 'later' | 'smaller' | 'unheard';
  /** What is known of the events that are refused, or wait. */
  named: EventError[];
}

/**
 * By the log's own header; without it by a body that nobody else can have made, since a server of an earlier release has
 * no header and a proxy may keep it back. No status says anything: proxies, guards and filters have the same ones.
 */
export function verdictOf({ verdict, body }: Answer, batch: readonly QueuedEvent[]): Verdict {
  const { results, statusCode } = body;
  const errors = (Array.isArray(body.errors) ? body.errors : []) as EventError[];
  const [word, ...places] = (verdict ?? '').split(' ');
  const told = places.map((place) => errors.find((error) => error?.index === +place) ?? { index: +place });
  const named = told.filter(({ index }) => batch[index]);
  if (word === 'recorded' || (!verdict && areResults(results, batch))) return { word: 'recorded', named };
  if (word === 'smaller')
    return batch.length > 1 ? { word, named } : { word: 'refused', named: [{ index: 0 }] };
  if (named.length > 0 && (word === 'refused' || word === 'later')) return { word, named };
  const meant = errors.filter((error) => isAbout(error, batch));
  if (verdict || meant.length === 0) return { word: 'unheard', named: [] };
  return { word: statusCode === 503 ? 'later' : 'refused', named: meant };
}

const areResults = (results: unknown, batch: readonly QueuedEvent[]) =>
  Array.isArray(results) &&
  results.length === batch.length &&
  (results as { key?: unknown }[]).every((result) => typeof result?.key === 'string');

const isAbout = (error: EventError, batch: readonly QueuedEvent[]) =>
  error?.code &&
  error.event &&
  batch[error.index]?.json.includes(`"__event__":${JSON.stringify(error.event)}`);
