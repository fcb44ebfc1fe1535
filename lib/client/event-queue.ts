import { batchesOf } from './batches.js';
import type { EventStore } from './event-store.js';
import { type HeldEvents, heldEvents } from './held-events.js';
import type { QueuedEvent } from './queued-event.js';

/** What waits, in memory and in the store. Full, it refuses: what it has accepted it never drops to make room. */
export interface EventQueue {
  /** How many are not set aside. */
  size(): number;
  /**
   * All that waits, cut into requests of at most so many: in the order in which they were logged, as far as one tab is
   * concerned, and then what was set aside, each by itself.
   */
  batches(size: number): Iterable<QueuedEvent[]>;
  /** The first of them, without what was taken over and another tab has delivered meanwhile. */
  next(size: number, alsoAside: boolean): QueuedEvent[] | undefined;
  isAside(event: QueuedEvent): boolean;
  /** They keep others back: behind all of them. */
  setAside(events: Iterable<QueuedEvent>): void;
  /** They do not any more: back to the others. */
  recall(): void;
  /** Whether there was room for it. */
  add(event: QueuedEvent): boolean;
  /** Takes over what other pages left behind, as far as there is room; the rest stays for the next time. */
  adopt(): void;
  /** For ever: the server has them, or will never take them. */
  remove(events: Iterable<QueuedEvent>): void;
}

export function eventQueue(store: EventStore, limits: { maxQueue: number; maxBytes: number }): EventQueue {
  const { events, hold, release } = heldEvents(limits);
  const aside = new Set<string>();
  const isAside = ({ id }: QueuedEvent) => aside.has(id);
  const batches = (size: number) => batchesApart(events, aside, size);
  const letGo = (event: QueuedEvent) => {
    release(event);
    aside.delete(event.id);
  };

  return {
    size: () => events.size - aside.size,
    batches,
    next: (size, alsoAside) => {
      for (const event of events.values()) if (event.found && !store.has(event)) letGo(event);
      const [first] = batches(size);
      return first && isAside(first[0]!) && !alsoAside ? undefined : first;
    },
    isAside,
    setAside: (late) => {
      for (const { id } of late) {
        aside.delete(id);
        aside.add(id);
      }
    },
    recall: () => aside.clear(),
    add: (event) => {
      const fits = hold(event);
      if (fits) store.put(event);
      return fits;
    },
    adopt: () => store.all().every((event) => events.has(event.id) || hold(event)),
    remove: (gone) => {
      for (const event of gone) {
        store.remove(event);
        letGo(event);
      }
    },
  };
}

function batchesApart(
  events: HeldEvents['events'],
  aside: ReadonlySet<string>,
  size: number,
): QueuedEvent[][] {
  const others = [...events.values()].filter(({ id }) => !aside.has(id));
  return [...batchesOf(others, size), ...[...aside].map((id) => [events.get(id)!])];
}
