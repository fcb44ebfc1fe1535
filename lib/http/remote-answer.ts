import { describe } from '../core/describe.js';
import { EventSourcingError } from '../core/errors.js';
import type { RecordedEvent } from '../core/event.js';

/** The other side could not be asked, or did not answer in time. */
export class RemoteUnreachableError extends EventSourcingError {
  readonly code = 'REMOTE_NOTIFICATION_LOG_UNREACHABLE';

  constructor(
    readonly url: string,
    reason: string,
    cause: unknown,
  ) {
    super(
      `${url} could not be asked: ${reason}. Expected an answer with events. See that the other application runs and can be reached from here, ` +
        'or give remoteNotificationLog a longer timeout.',
      { cause },
    );
  }
}

/** What the other side answered is no answer of a notification log, or contradicts what was asked. */
export class RemoteAnswerError extends EventSourcingError {
  readonly code = 'REMOTE_NOTIFICATION_LOG_ANSWER';

  constructor(
    readonly url: string,
    expected: string,
    actual: string,
  ) {
    super(
      `${url} gave an answer that cannot be used: expected ${expected}, got ${actual}. See that the URL is that of forNotifications, that no ` +
        'proxy answers in its place, and that the other application has a release which this one can follow.',
    );
  }
}

/** What an answer has beside its events. */
export interface RemoteAnswer {
  readonly items: readonly RecordedEvent[];
  readonly reached?: unknown;
  readonly decided?: unknown;
  readonly most?: unknown;
}

/** The answer where it is one: events behind `after`, in order. Throws `RemoteAnswerError`. */
export function checkedAnswer(url: string, body: unknown, after = 0): RemoteAnswer {
  const items = (body as RemoteAnswer | null | undefined)?.items;
  if (!Array.isArray(items)) throw new RemoteAnswerError(url, 'JSON with a list of items', describe(body));
  let last = after;
  for (const item of items as unknown[]) {
    const wrong = wrongIn(item);
    if (wrong) throw new RemoteAnswerError(url, `events with ${wrong}`, describe(item));
    const { position } = item as RecordedEvent;
    if (position <= last)
      throw new RemoteAnswerError(
        url,
        `events in order, each behind position ${last}`,
        `position ${position}`,
      );
    last = position;
  }
  return body as RemoteAnswer;
}

/** A position of the answer. Throws `RemoteAnswerError`. */
export function placeIn(url: string, name: string, value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw new RemoteAnswerError(url, `a position as "${name}"`, describe(value));
}

function wrongIn(item: unknown): string | undefined {
  const { position, key, group, metadata, occurredAt, recordedAt } = (item ?? {}) as Record<string, unknown>;
  if (!Number.isSafeInteger(position)) return 'a position';
  if (typeof key !== 'string' || typeof group !== 'string') return 'a key and a group';
  if (typeof metadata !== 'object' || metadata === null) return 'metadata';
  const isTime = (value: unknown) => !Number.isNaN(new Date(value as string).getTime());
  return isTime(occurredAt) && isTime(recordedAt) ? undefined : 'the times occurredAt and recordedAt';
}
