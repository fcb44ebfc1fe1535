import type { QueuedEvent } from './queued-event.js';

/** Below the 64 KiB that browsers let a page have under way when it is left. */
export const MAX_BATCH_BYTES = 60_000;

/** Cuts events into requests; one that is too large for any is a request of its own. */
export function* batchesOf(events: readonly QueuedEvent[], size: number): Generator<QueuedEvent[]> {
  let batch: QueuedEvent[] = [];
  let bytes = 0;
  for (const event of events) {
    if (batch.length > 0 && (batch.length >= size || bytes + event.bytes > MAX_BATCH_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(event);
    // The comma, or the brackets.
    bytes += event.bytes + 1;
  }
  if (batch.length > 0) yield batch;
}
