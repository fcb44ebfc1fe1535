import type { Stretch } from '../store/followers/stretch.js';
import type { StoredEvent } from '../store/ports/rows.js';

/** A stretch of the log, and what the follower takes of it. */
export interface Page {
  readonly stretch: Stretch;
  readonly events: readonly StoredEvent[];
}

/** No more events than that. */
export function cut({ stretch, events }: Page, size: number): Page {
  if (events.length <= size) return { stretch, events };
  return { stretch: { ...stretch, to: events[size - 1]!.position }, events: events.slice(0, size) };
}
