import type { EventMetadata, RecordedEvent } from '../core/event.js';
import type { StoredEvent } from './rows.js';

/** The event as handlers and readers get it: frozen. */
export function recordedEvent(event: StoredEvent, data: unknown): RecordedEvent {
  return Object.freeze({
    position: event.position,
    key: event.key,
    group: event.group,
    data,
    metadata: Object.freeze(JSON.parse(event.metadata) as EventMetadata),
    occurredAt: new Date(event.occurredAt),
    recordedAt: new Date(event.recordedAt),
  });
}
