import { EventSourcingError } from '../core/errors.js';
import { naming, SMALLER } from './verdict.js';

/** What is wrong with one event of a request. */
export interface EventProblem {
  /** Its place in the request, from 0. */
  index: number;
  code: string;
  message: string;
  /** Its name, where it gave one. */
  event?: string;
  /** What is wrong with its properties, where that is it. */
  properties?: unknown;
}

/** A request that is answered with an error; nothing of it was recorded. */
export class RefusedRequestError extends EventSourcingError {
  constructor(
    readonly status: number,
    override readonly code: string,
    message: string,
    readonly errors: readonly EventProblem[] = [],
    /** Of the answer, beside those that every answer has. */
    readonly headers: Readonly<Record<string, string>> = {},
    /** What is said of the events; undefined where they were not judged. */
    readonly verdict?: string,
  ) {
    super(message);
  }
}

/** 400: the request says nothing that could be an event; `index` is that of the event which is to blame. */
export function malformed(code: string, message: string, index?: number): RefusedRequestError {
  const errors = index === undefined ? [] : [{ index, code, message }];
  const verdict = index === undefined ? undefined : naming('refused', errors);
  return new RefusedRequestError(400, code, `${message} Nothing was recorded.`, errors, {}, verdict);
}

export const tooLarge = (
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): RefusedRequestError =>
  new RefusedRequestError(413, code, `${message} Nothing was recorded.`, [], headers, SMALLER);

export const unsupported = (code: string, message: string): RefusedRequestError =>
  new RefusedRequestError(415, code, `${message} Nothing was recorded.`);

/** 503: it is no fault of the request; `errors` and `verdict` name the events that could not be recorded, where that is known. */
export const unable = (
  code: string,
  message: string,
  errors: readonly EventProblem[] = [],
  verdict?: string,
): RefusedRequestError =>
  new RefusedRequestError(
    503,
    code,
    `${message} Nothing was recorded: send it again later.`,
    errors,
    { 'Retry-After': '5' },
    verdict,
  );
