import type { EventMetadata, RecordedEvent } from '../../core/event.js';
import { PRUNED } from '../../core/stored-payload.js';
import type { StoredEvent } from '../ports/rows.js';

/** The event as handlers and readers get it: frozen. */
export function recordedEvent(event: StoredEvent, data: unknown): RecordedEvent {
  const recorded = {
    position: event.position,
    key: event.key,
    group: event.group,
    data,
    metadata: Object.freeze(JSON.parse(event.metadata) as EventMetadata),
    occurredAt: new Date(event.occurredAt),
    recordedAt: new Date(event.recordedAt),
  };
  return Object.freeze(event.encoding === PRUNED ? { ...recorded, pruned: true as const } : recorded);
}
