import type { QueuedEvent } from './queued-event.js';

/** Events in memory, in the order in which they came, as many as there is room for. */
export interface HeldEvents {
  readonly events: ReadonlyMap<string, QueuedEvent>;
  /** Whether there was room for it. */
  hold(event: QueuedEvent): boolean;
  release(event: QueuedEvent): void;
}

export function heldEvents(limits: { maxQueue: number; maxBytes: number }): HeldEvents {
  const events = new Map<string, QueuedEvent>();
  let bytes = 0;
  return {
    events,
    hold: (event) => {
      const fits = events.size < limits.maxQueue && bytes + event.bytes <= limits.maxBytes;
      if (fits) {
        events.set(event.id, event);
        bytes += event.bytes;
      }
      return fits;
    },
    release: ({ id, bytes: freed }) => {
      if (events.delete(id)) bytes -= freed;
    },
  };
}
