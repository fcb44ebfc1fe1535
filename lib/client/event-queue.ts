import { batchesOf } from './batches.js';
import type { EventStore } from './event-store.js';
import type { QueuedEvent } from './queued-event.js';

/** What waits, in memory and in the store. Full, it refuses: what it has accepted it never drops to make room. */
export interface EventQueue {
  size(): number;
  /** In the order in which they were logged, as far as one tab is concerned. */
  events(): QueuedEvent[];
  /** The first ones, at most so many; none of those that were taken over and that another tab has delivered meanwhile. */
  next(count: number): QueuedEvent[] | undefined;
  /** Whether there was room for it. */
  add(event: QueuedEvent): boolean;
  /** Takes over what other pages left behind, as far as there is room; the rest stays for the next time. */
  adopt(): void;
  /** For ever: the server has them, or will never take them. */
  remove(events: Iterable<QueuedEvent>): void;
}

export function eventQueue(store: EventStore, limits: { maxQueue: number; maxBytes: number }): EventQueue {
  const waiting = new Map<string, QueuedEvent>();
  let bytes = 0;

  const hold = (event: QueuedEvent) => {
    const fits = waiting.size < limits.maxQueue && bytes + event.bytes <= limits.maxBytes;
    if (fits) {
      waiting.set(event.id, event);
      bytes += event.bytes;
    }
    return fits;
  };
  const release = (event: QueuedEvent) => {
    if (waiting.delete(event.id)) bytes -= event.bytes;
  };
  const events = () => [...waiting.values()];

  return {
    size: () => waiting.size,
    events,
    next: (count) => {
      for (const event of events()) if (event.found && !store.has(event)) release(event);
      const [first] = batchesOf(events(), count);
      return first;
    },
    add: (event) => {
      const fits = hold(event);
      if (fits) store.put(event);
      return fits;
    },
    adopt: () => store.all().every((event) => waiting.has(event.id) || hold(event)),
    remove: (gone) => {
      for (const event of gone) {
        store.remove(event);
        release(event);
      }
    },
  };
}
