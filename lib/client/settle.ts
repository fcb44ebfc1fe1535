import type { EventQueue } from './event-queue.js';
import type { Answer, EventError } from './post.js';
import type { Tell } from './problem.js';
import type { QueuedEvent } from './queued-event.js';
import { verdictOf } from './verdict.js';

/**
 * Takes out of the queue what an answer has decided; how many events the next request may have, undefined when the
 * server is unable for now. After a request that was too large it is half, and grows again with each that was not.
 */
export function settle(
  batch: readonly QueuedEvent[],
  answer: Answer,
  queue: EventQueue,
  tell: Tell,
): number | undefined {
  const verdict = verdictOf(answer, batch);
  if (verdict === 'wait') {
    const { status, cause } = answer;
    tell({ code: 'NOT_SENT', message: 'Events could not be sent: they wait.', status, cause });
    return undefined;
  }
  if (verdict === 'split') return Math.ceil(batch.length / 2);
  if (verdict === 'recorded') queue.remove(batch);
  else reject(verdict.rejected, batch, answer.status, queue, tell);
  return batch.length * 2;
}

function reject(
  errors: readonly EventError[],
  batch: readonly QueuedEvent[],
  status: number,
  queue: EventQueue,
  tell: Tell,
): void {
  for (const cause of errors) {
    const event = batch[cause.index]!;
    queue.remove([event]);
    const message = `The server refused an event (${status}): it was dropped.`;
    tell({ code: 'REJECTED', message, event: event.json, status, cause });
  }
}
