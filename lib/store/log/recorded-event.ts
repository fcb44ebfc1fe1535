import type { EventMetadata, RecordedEvent } from '../../core/event.js';
import { aggregateIdOf, streamOfKey } from '../../core/stream.js';
import { PRUNED } from '../../core/stored-payload.js';
import type { StoredEvent } from '../ports/rows.js';

type Stored = Pick<
  StoredEvent,
  'key' | 'group' | 'metadata' | 'occurredAt' | 'recordedAt' | 'orderKey' | 'encoding'
>;

/** The event at that position as handlers and readers get it: frozen. */
export function recordedEvent(event: Stored, position: number, data: unknown): RecordedEvent {
  const { key, group, metadata, occurredAt, recordedAt, orderKey, encoding } = event;
  const recorded: { -readonly [Name in keyof RecordedEvent]: RecordedEvent[Name] } = {
    position,
    key,
    group,
    data,
    metadata: Object.freeze(JSON.parse(metadata) as EventMetadata),
    occurredAt: new Date(occurredAt),
    recordedAt: new Date(recordedAt),
  };
  if (orderKey !== null) recorded.orderKey = orderKey;
  setPlace(recorded, key);
  if (encoding === PRUNED) recorded.pruned = true;
  return Object.freeze(recorded);
}

/** The key of an event of a stream says which, and its version: no statement has to read these. */
function setPlace(recorded: { stream?: string; version?: number; aggregateId?: string }, key: string): void {
  const place = streamOfKey(key);
  if (!place) return;
  recorded.stream = place.name;
  recorded.version = place.version;
  recorded.aggregateId = aggregateIdOf(place.name);
}
