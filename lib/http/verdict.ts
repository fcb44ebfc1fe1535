import type { ServerResponse } from 'node:http';

/** Of the answer: what the log says of a request's events. Nobody else sends it, so that where it is missing nothing was judged. */
export const VERDICT = 'Event-Log-Verdict';

/** All of them are in the log. */
export const RECORDED = 'recorded';
/** None was recorded: the request is too much at once, or one of its events is and nobody can tell which. */
export const SMALLER = 'smaller';

/** Events that a header names; a proxy takes only so much of it. The others are named by the next answer. */
const MOST_NAMED = 100;

/** None was recorded. These never will be (`refused`), or are what keeps the others for now (`later`). */
export const naming = (word: 'refused' | 'later', problems: readonly { index: number }[]): string =>
  [word, ...problems.slice(0, MOST_NAMED).map(({ index }) => index)].join(' ');

/**
 * On Node's own response, where whoever answers later, such as a filter that writes a body of its own or an interceptor
 * that sets a status, leaves it.
 */
export function pronounce(response: ServerResponse, verdict: string): void {
  if (!response.headersSent) response.setHeader(VERDICT, verdict);
}
