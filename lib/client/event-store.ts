import type { EventStorage } from './options.js';
import { type QueuedEvent, queuedEvent } from './queued-event.js';

/**
 * The events that outlive the page, an entry of the storage for each. So nothing is read, changed and written back, and
 * tabs that share the storage cannot undo one another's work: an entry appears when its event is logged and disappears
 * when the server has the event, whichever tab learns of it. A storage that is full, denied or missing is no error: what
 * it does not hold is in memory.
 */
export interface EventStore {
  put(event: QueuedEvent): void;
  remove(event: QueuedEvent): void;
  /** False only where the storage says so. */
  has(event: QueuedEvent): boolean;
  /** Those of all tabs, in the order in which they were logged. */
  all(): QueuedEvent[];
}

/**
 * @param storageOf throws where the user has denied it
 * @param url of the server: each has entries of its own
 */
export function eventStore(storageOf: () => EventStorage | false, url: string): EventStore {
  const prefix = `nestjs-once ${url} `;
  const use = <Result>(work: (storage: EventStorage) => Result): Result | undefined => {
    try {
      const storage = storageOf();
      return storage ? work(storage) : undefined;
    } catch {
      return undefined;
    }
  };
  return {
    put: ({ id, json }) => use((storage) => storage.setItem(prefix + id, json)),
    remove: ({ id }) => use((storage) => storage.removeItem(prefix + id)),
    has: ({ id }) => use((storage) => storage.getItem(prefix + id)) !== null,
    all: () => use((storage) => entries(storage, prefix)) ?? [],
  };
}

function entries(storage: EventStorage, prefix: string): QueuedEvent[] {
  return Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? '')
    .filter((name) => name.startsWith(prefix))
    .sort()
    .map((name) => queuedEvent(name.slice(prefix.length), storage.getItem(name) ?? '', true))
    .filter(({ json }) => isJson(json));
}

/** Not so where another tab removed it in between, or somebody else wrote it: it would spoil its whole batch. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
