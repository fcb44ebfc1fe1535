import { InvalidEventError } from '../core/errors.js';
import { PayloadEncodingError, PayloadTooLargeError } from '../payload/errors.js';
import { KeyConflictError, type RepeatableEvent } from '../store/log/repeated-events.js';
import { type EventProblem, RefusedRequestError, unable } from './refused-request.js';
import { naming, SMALLER } from './verdict.js';

/** Of an event whose class failed for a reason of its own: nobody knows whether its data is good. */
export const FAILED = 'EVENT_FAILED';

/** What says more of a problem than that the request is wrong, by its code. */
const STATUS: Readonly<Record<string, number>> = {
  EVENT_NOT_FOUND: 404,
  KEY_CONFLICT: 409,
  PAYLOAD_TOO_LARGE: 413,
};

/**
 * The answer that names what is wrong with each event: the status and the code of the first. Those whose class failed are
 * named only when no other is refused, since whoever is told of both by one status would drop both.
 */
export function refusalOf(problems: readonly EventProblem[], count: number): RefusedRequestError {
  const refused = problems.filter(({ code }) => code !== FAILED);
  const [first] = (refused.length > 0 ? refused : problems) as [EventProblem];
  if (refused.length === 0) return unable(first.code, first.message, problems, naming('later', problems));
  const { index, code, message } = first;
  const all =
    count === 1 ? message : `${refused.length} of ${count} events were refused; event ${index}: ${message}`;
  const text = all.includes('Nothing was recorded.') ? all : `${all} Nothing was recorded.`;
  return new RefusedRequestError(STATUS[code] ?? 400, code, text, refused, {}, naming('refused', refused));
}

/** The refusal of what is found out only when events are recorded; undefined for what no request can bring about. */
export function refusalOfRecording(
  error: unknown,
  events: readonly RepeatableEvent[],
): RefusedRequestError | undefined {
  if (error instanceof KeyConflictError) {
    const message = 'The key was used with other data: expected the same data, or another key.';
    return refusalOf(
      error.indexes.map((index) => problemOf(error.code, message, index, events)),
      events.length,
    );
  }
  if (!isRequests(error)) return undefined;
  const { code, message } = error;
  if (events.length === 1) return refusalOf([problemOf(code, message, 0, events)], 1);
  return new RefusedRequestError(STATUS[code] ?? 400, code, message, [], {}, SMALLER);
}

type RequestsError = PayloadEncodingError | PayloadTooLargeError | InvalidEventError;

/** With a cause it is somebody else's, such as that of a payload step whose keys are out of reach. */
const isRequests = (error: unknown): error is RequestsError =>
  (error instanceof PayloadEncodingError && error.cause === undefined) ||
  error instanceof PayloadTooLargeError ||
  error instanceof InvalidEventError;

const problemOf = (
  code: string,
  message: string,
  index: number,
  events: readonly RepeatableEvent[],
): EventProblem => ({ index, code, message, event: events[index]!.prepared.input.group });
