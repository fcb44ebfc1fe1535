import { batchesOf } from './batches.js';
import type { EventQueue } from './event-queue.js';
import type { Settings } from './options.js';
import type { Page } from './page.js';
import { postWhenLeaving } from './post.js';

export interface Leaving {
  /** The page may not come back: all leaves at once, and stays in the queue, since nobody tells what became of it. */
  leave(): void;
  /** It is back: at its next leave, what still waits is sent once more. */
  back(): void;
}

export function leaving(page: Page, settings: Settings, queue: EventQueue): Leaving {
  // A page is hidden first and unloaded then.
  const sent = new Set<string>();
  return {
    leave: () => {
      const waiting = queue.events().filter(({ id }) => !sent.has(id));
      for (const batch of batchesOf(waiting, settings.batchSize)) {
        if (postWhenLeaving(page, settings, batch)) for (const { id } of batch) sent.add(id);
      }
    },
    back: () => sent.clear(),
  };
}
