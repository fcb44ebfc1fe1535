import { EventSourcingError } from '../core/errors.js';

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
  ) {
    super(message);
  }
}

/** 400: the request says nothing that could be an event. */
export const malformed = (code: string, message: string, index?: number): RefusedRequestError =>
  new RefusedRequestError(
    400,
    code,
    `${message} Nothing was recorded.`,
    index === undefined ? [] : [{ index, code, message }],
  );

export const tooLarge = (
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): RefusedRequestError => new RefusedRequestError(413, code, `${message} Nothing was recorded.`, [], headers);

export const unsupported = (code: string, message: string): RefusedRequestError =>
  new RefusedRequestError(415, code, `${message} Nothing was recorded.`);
