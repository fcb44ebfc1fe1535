import type { Answer, EventError } from './post.js';
import type { QueuedEvent } from './queued-event.js';

/** What becomes of a batch: it is done, these of it will never be taken, it is too much at once, or not now. */
export type Verdict = 'recorded' | 'split' | 'wait' | { rejected: EventError[] };

/**
 * What an answer means for a batch. Only an answer that the event log itself gives lets go of anything: the 200 of a
 * captive portal, the 404 of a proxy whose server is being replaced and the 401 of a session that ended all mean to wait.
 */
export function verdictOf({ status, errors }: Answer, batch: readonly QueuedEvent[]): Verdict {
  if (status === 202) return 'recorded';
  const rejected = errors.filter((error) => batch[error?.index]);
  if ([400, 404, 409, 413].includes(status) && rejected.length > 0) return { rejected };
  // Too large, or malformed as a whole: one of them is.
  if (status === 400 || status === 413) return batch.length > 1 ? 'split' : { rejected: [{ index: 0 }] };
  return 'wait';
}
