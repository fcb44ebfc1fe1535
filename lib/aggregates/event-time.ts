import { describe } from '../core/describe.js';
import { InvalidEventError } from '../core/errors.js';

let given: Date | undefined;

/** The time of an event that happens now. */
export function eventTime(): Date {
  return new Date(given ?? Date.now());
}

/** Throws `InvalidEventError` for what is no time. */
export function atTime<R>(time: Date, work: () => R): R {
  if (!(time instanceof Date) || Number.isNaN(time.getTime()))
    throw new InvalidEventError('occurredAt', 'a valid Date', describe(time));
  const before = given;
  given = time;
  try {
    return work();
  } finally {
    given = before;
  }
}
