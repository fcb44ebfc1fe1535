import { type EventSourcingError, InvalidEventError } from '../core/errors.js';
import { PayloadEncodingError, PayloadTooLargeError } from '../payload/errors.js';
import { KeyConflictError, type RepeatableEvent } from '../store/log/repeated-events.js';
import { type EventProblem, RefusedRequestError } from './refused-request.js';

/** What says more of a problem than that the request is wrong, by its code. */
const STATUS: Readonly<Record<string, number>> = {
  EVENT_NOT_FOUND: 404,
  KEY_CONFLICT: 409,
  PAYLOAD_TOO_LARGE: 413,
};

/** The answer that names what is wrong with each event: the status and the code of the first. */
export function refusalOf(problems: readonly EventProblem[], count: number): RefusedRequestError {
  const [first] = problems as [EventProblem];
  const message =
    count === 1
      ? first.message
      : `${problems.length} of ${count} events were refused; event ${first.index}: ${first.message}`;
  return new RefusedRequestError(
    STATUS[first.code] ?? 400,
    first.code,
    `${message} Nothing was recorded.`,
    problems,
  );
}

/** The same for what is found out only when events are recorded; undefined for what no request can bring about. */
export function refusalOfRecording(
  error: unknown,
  events: readonly RepeatableEvent[],
): RefusedRequestError | undefined {
  if (error instanceof KeyConflictError) {
    const message = 'The key was used with other data: expected the same data, or another key.';
    return refusalOf(
      error.indexes.map((index) => ({ ...problemOf(error, index, events[index]!), message })),
      events.length,
    );
  }
  const isRequests =
    error instanceof PayloadEncodingError ||
    error instanceof PayloadTooLargeError ||
    error instanceof InvalidEventError;
  if (!isRequests) return undefined;
  return new RefusedRequestError(STATUS[error.code] ?? 400, error.code, error.message);
}

const problemOf = (
  error: EventSourcingError,
  index: number,
  { prepared }: RepeatableEvent,
): EventProblem => ({
  index,
  code: error.code,
  message: error.message,
  event: prepared.input.group,
});
