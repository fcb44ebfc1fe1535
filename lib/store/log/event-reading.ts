import type { AppendCondition } from '../../core/append-condition.js';
import { EventSourcingError } from '../../core/errors.js';
import type { RecordedEvent } from '../../core/event.js';

/** A condition was asked of a reading that does not know all that matches. */
export class IncompleteReadingError extends EventSourcingError {
  readonly code = 'INCOMPLETE_READING';

  constructor() {
    super(
      'A condition was asked of a reading that has not seen everything that matches: expected one of tags, without "after", ' +
        'that was read to its end. Read log.read({ tags }) to the end first, or use log.decide(…).',
    );
  }
}

type Events<T> = AsyncGenerator<RecordedEvent<T>, AppendCondition | undefined, undefined>;

/** Events as they are read from the log, and what an append may be made to depend on. */
export class EventReading<T = unknown> implements AsyncIterableIterator<RecordedEvent<T>, void, undefined> {
  private made?: AppendCondition;

  /** @internal What the events end with is the condition, where there is one. */
  constructor(private readonly events: Events<T>) {}

  /**
   * That nothing was appended which matches and was not read here: for `EventLog.append` and `AggregateRepository.save`.
   * Throws `IncompleteReadingError` before the end, and of a reading without `tags` or with `after`.
   */
  get condition(): AppendCondition {
    if (!this.made) throw new IncompleteReadingError();
    return this.made;
  }

  async next(): Promise<IteratorResult<RecordedEvent<T>, void>> {
    const result = await this.events.next();
    if (!result.done) return result;
    this.made ??= result.value;
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<RecordedEvent<T>, void>> {
    await this.events.return(undefined);
    return { done: true, value: undefined };
  }

  async throw(error: unknown): Promise<IteratorResult<RecordedEvent<T>, void>> {
    await this.events.throw(error);
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
