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
      for (const batch of queue.batches(settings.batchSize)) {
        const left = batch.filter(({ id }) => !sent.has(id));
        if (left.length > 0 && postWhenLeaving(page, settings, left)) for (const { id } of left) sent.add(id);
      }
    },
    back: () => sent.clear(),
  };
}
