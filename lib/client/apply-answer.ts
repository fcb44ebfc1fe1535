import type { EventQueue } from './event-queue.js';
import type { Answer, EventError } from './post.js';
import type { Tell } from './problem.js';
import type { QueuedEvent } from './queued-event.js';
import { verdictOf } from './verdict.js';

export interface Outcome {
  /** How many events the next request may have. */
  size: number;
  /** Whether that may be sent at once. */
  goesOn: boolean;
  /** These may keep others back that are sent with them. */
  aside: readonly QueuedEvent[];
}

/**
 * Takes out of the queue what an answer has decided, and nothing else. After an answer that decided nothing a request has
 * half of the events, so that one that somebody refuses for ever is found; it grows again with each that was decided.
 */
export function applyAnswer(
  batch: readonly QueuedEvent[],
  answer: Answer,
  queue: EventQueue,
  tell: Tell,
): Outcome {
  const { word, named } = verdictOf(answer, batch);
  const half = Math.ceil(batch.length / 2);
  if (word === 'smaller') return { size: half, goesOn: true, aside: [] };
  const isAlone = batch.length === 1;
  const { status, cause } = answer;
  const isJudged = word === 'recorded' || word === 'refused';
  if (!isJudged) tell({ code: 'NOT_SENT', message: 'Events could not be sent: they wait.', status, cause });
  if (word === 'unheard')
    return { size: half, goesOn: !isAlone && isRefusal(status), aside: isAlone ? batch : [] };
  if (word === 'recorded') queue.remove(batch);
  if (word === 'refused') reject(named, batch, status, queue, tell);
  const aside = word === 'later' ? named.map(({ index }) => batch[index]!) : [];
  return { size: batch.length * 2, goesOn: true, aside };
}

/** Whether somebody who is there has looked at the request; it is no event's fault who the user is, or how many there were. */
const isRefusal = (status: number) => status >= 400 && status < 500 && status !== 401 && status !== 429;

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
