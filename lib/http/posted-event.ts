import { describe } from '../core/describe.js';
import { ENVELOPE } from './property-names.js';
import type { EventProblem } from './refused-request.js';

/** One event as it was posted: its data apart from what stood beside it. */
export interface PostedEvent {
  index: number;
  name: string;
  /** The caller's idempotency key. */
  key?: string;
  /** When it happened, by the caller's word. */
  occurredAt?: Date;
  data: Record<string, unknown>;
}

const ISO_TIME = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/;
const EXPECTED_TIME = `Expected ${ENVELOPE.occurredAt} to be a time by ISO 8601 with its zone, such as 2026-01-31T12:00:00Z`;

/** Takes one posted object apart; what is wrong with it otherwise. */
export function postedEvent(object: unknown, index: number, headerKey?: string): PostedEvent | EventProblem {
  if (typeof object !== 'object' || object === null || Array.isArray(object)) {
    return problemOf(index, `Expected an object for an event, got ${describe(object)}.`);
  }
  const {
    [ENVELOPE.name]: name,
    [ENVELOPE.key]: ownKey,
    [ENVELOPE.occurredAt]: occurredAt,
    ...data
  } = object as Record<string, unknown>;
  if (typeof name !== 'string')
    return problemOf(index, `Expected ${ENVELOPE.name} to be an event's name, got ${describe(name)}.`);
  if (ownKey !== undefined && headerKey !== undefined)
    return problemOf(
      index,
      `The key is given twice, in ${ENVELOPE.key} and in the header Idempotency-Key.`,
      name,
    );
  const key = ownKey === undefined ? headerKey : ownKey;
  if (key !== undefined && (typeof key !== 'string' || key === ''))
    return problemOf(
      index,
      `Expected ${ENVELOPE.key} to be a string that is not empty, got ${describe(key)}.`,
      name,
    );
  const time = timeOf(occurredAt);
  if (time === null) return problemOf(index, `${EXPECTED_TIME}, got ${describe(occurredAt)}.`, name);
  return { index, name, data, ...(key === undefined ? {} : { key }), ...(time ? { occurredAt: time } : {}) };
}

export const isProblem = (posted: PostedEvent | EventProblem): posted is EventProblem => 'message' in posted;

const problemOf = (index: number, message: string, event?: string): EventProblem => ({
  index,
  code: 'INVALID_EVENT',
  message,
  ...(event === undefined ? {} : { event }),
});

/** Null where it is none. */
function timeOf(value: unknown): Date | null | undefined {
  if (value === undefined) return undefined;
  const match = typeof value === 'string' ? ISO_TIME.exec(value) : null;
  // JavaScript takes the 30th of February for the 1st of March.
  const isDay = match !== null && new Date(match[1]!).toJSON()?.startsWith(match[1]!);
  const time = new Date(value as string);
  return !isDay || Number.isNaN(time.getTime()) ? null : time;
}
