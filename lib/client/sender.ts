import { alarm } from './alarm.js';
import type { EventQueue } from './event-queue.js';
import type { Settings } from './options.js';
import type { Page } from './page.js';
import { type Answer, post } from './post.js';
import type { Tell } from './problem.js';
import type { QueuedEvent } from './queued-event.js';
import { retryDelay } from './retry-delay.js';
import { settle } from './settle.js';

/** Brings what waits to the server, one request at a time. Never throws. */
export interface Sender {
  /** An event was added: sends at once where a request is full, else soon. A failure's waiting time goes on. */
  added(): void;
  /** Sends all that waits; resolves when it is delivered, or when an attempt has failed and the next one is due later. */
  flush(): Promise<void>;
  /** Whether the server has asked not to be asked for now. */
  heldOff(): boolean;
}

export interface SenderParts {
  page: Page;
  settings: Settings;
  queue: EventQueue;
  /** Whether nothing may be sent. */
  silent: () => boolean;
  tell: Tell;
}

export function createSender({ page, settings, queue, silent, tell }: SenderParts): Sender {
  let busy = false;
  let sending = Promise.resolve();
  let failures = 0;
  let notBefore = 0;
  let size = settings.batchSize;

  const heldOff = () => Date.now() < notBefore;
  const flush = async () => {
    // Whoever joins is served: it goes on until nothing waits, and is over in the same instant.
    if (!busy && !silent() && !heldOff()) sending = drain();
    await sending;
  };
  const timer = alarm(page, () => {
    // Over, by a clock that nobody sets back.
    notBefore = 0;
    void flush();
  });

  async function drain(): Promise<void> {
    timer.clear();
    busy = true;
    let batch: QueuedEvent[] | undefined;
    while (busy && (batch = queue.next(Math.min(size, settings.batchSize))) && !silent())
      busy = settled(batch, await post(page, settings, batch));
    busy = false;
  }

  /** Whether to go on. */
  function settled(batch: QueuedEvent[], answer: Answer): boolean {
    const next = settle(batch, answer, queue, tell);
    if (next === undefined) {
      notBefore = Date.now() + answer.retryAfter;
      timer.set(retryDelay(++failures, answer.retryAfter, Math.random()));
      return false;
    }
    size = next;
    failures = 0;
    return true;
  }

  const added = () => {
    timer.atLatest(settings.flushInterval);
    if (failures === 0 && queue.size() >= settings.batchSize) void flush();
  };
  return { added, flush, heldOff };
}
