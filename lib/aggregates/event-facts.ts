import type { EventMetadata } from '../core/event.js';

/** What the metadata of an aggregate's event says beside what every event's does. */
export interface EventFacts {
  /** The version in which its data is. */
  readonly version: number;
  /** It ends its stream. */
  readonly closes: boolean;
}

const PLAIN: EventFacts = { version: 1, closes: false };

/** What has to be stored of them: nothing of most events. */
export function metadataOf({ version, closes }: EventFacts): Partial<EventMetadata> | undefined {
  if (version === 1 && !closes) return undefined;
  return { ...(version === 1 ? {} : { eventVersion: version }), ...(closes ? { closes } : {}) };
}

/** Parsed only where it says something, since it is asked of each event that is replayed. */
export function factsOf(metadata: string): EventFacts {
  if (!metadata.includes('"eventVersion"') && !metadata.includes('"closes"')) return PLAIN;
  const { eventVersion, closes } = JSON.parse(metadata) as EventMetadata;
  return { version: typeof eventVersion === 'number' ? eventVersion : 1, closes: closes === true };
}
