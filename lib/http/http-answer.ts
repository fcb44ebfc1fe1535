import { HttpException } from '@nestjs/common';
import type { EventProblem, RefusedRequestError } from './refused-request.js';

/** What became of one event. */
export interface EventAnswer {
  /** Under which it is in the log. */
  key: string;
  /** False when it was there already. */
  recorded: boolean;
}

/** The answer to a request with many events, in their order. */
export interface EventsAnswer {
  results: EventAnswer[];
}

/** The body of every answer that is an error. */
export interface ErrorAnswer {
  statusCode: number;
  code: string;
  message: string;
  errors: readonly EventProblem[];
}

/** The refusal as Nest's filters know it. */
export function exceptionOf(refusal: RefusedRequestError): HttpException {
  const { status: statusCode, code, message, errors } = refusal;
  const body: ErrorAnswer = { statusCode, code, message, errors };
  return new HttpException(body, statusCode, { cause: refusal });
}
