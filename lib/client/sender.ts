import type { EventQueue } from './event-queue.js';
import type { Settings } from './options.js';
import { applyAnswer } from './apply-answer.js';
import { pace } from './pace.js';
import type { Page } from './page.js';
import { type Answer, post } from './post.js';
import type { Tell } from './problem.js';
import type { QueuedEvent } from './queued-event.js';

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
  /** Whether it is the turn of what was set aside. */
  let isRound = false;
  let size = settings.batchSize;
  const go = async (round: boolean) => {
    isRound ||= round;
    // Whoever joins is served: it goes on until nothing waits, and is over in the same instant.
    if (!busy && !silent() && !when.heldOff()) sending = drain();
    await sending;
  };
  const when = pace(page, (round) => void go(round));

  async function drain(): Promise<void> {
    when.begun();
    busy = true;
    for (let batch; busy && (batch = queue.next(size, isRound)) && !silent();)
      busy = settled(batch, await post(page, settings, batch));
    busy = false;
  }

  /** Whether to go on. */
  function settled(batch: QueuedEvent[], answer: Answer): boolean {
    const wasAside = queue.isAside(batch[0]!);
    const { goesOn, aside, ...next } = applyAnswer(batch, answer, queue, tell);
    size = Math.min(next.size, settings.batchSize);
    if (aside.length > 0) {
      queue.setAside(aside);
      isRound = false;
      when.setAside(answer.retryAfter);
    } else if (wasAside) {
      // Somebody lets them through again.
      queue.recall();
      when.recalled();
    }
    if (goesOn) when.succeeded();
    else when.failed(answer.retryAfter, wasAside);
    return goesOn;
  }

  const added = () => {
    when.soon(settings.flushInterval);
    if (when.isWell() && queue.size() >= settings.batchSize) void go(false);
  };
  return { added, flush: () => go(true), heldOff: when.heldOff };
}
