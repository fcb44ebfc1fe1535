import type { RecordedEvent } from '../core/event.js';
import type { StoredEvent } from '../store/ports/rows.js';

/** What came of events that were to be done beforehand. */
export interface BeforehandOutcome {
  /** Why some never can be, by their positions. */
  readonly failed: ReadonlyMap<number, unknown>;
  /** The first that was not done this time, and why: that is no failure of the event. */
  readonly undone?: { readonly event: StoredEvent; readonly error: unknown };
}

/**
 * PORT. What a follower does with events before the transaction that passes them, and outside of any: sending them, say. It is done
 * at least once; what was done, and is not passed yet, is remembered in the process, and not done again there.
 */
export interface Beforehand {
  /** Whether it is for this event, whose group it takes. */
  accepts(event: StoredEvent): boolean;
  /** Makes ready what `streamOf` and `done` need of these events. What fails here fails in `done`. */
  prepare(events: readonly StoredEvent[]): Promise<void>;
  /** The stream of which an event keeps others back where it is parked. */
  streamOf(event: StoredEvent): string;
  /** In order; never rejects. */
  done(events: readonly StoredEvent[]): Promise<BeforehandOutcome>;
  /** The transaction that passes it has committed: nothing of it is remembered. */
  passed(events: readonly StoredEvent[]): void;
  /** What was prepared, for those who are told of it. */
  recorded(event: StoredEvent): RecordedEvent | undefined;
}

/** What is to be done beforehand cannot be done now. Whoever could not do it has said so. */
export class NotDoneYet extends Error {
  constructor(cause: unknown) {
    super('not done yet', { cause });
  }
}
