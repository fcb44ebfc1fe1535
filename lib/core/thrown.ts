import { describe } from './describe.js';
import { EventSourcingError } from './errors.js';

// Foreign code may throw anything, even a value that throws when it is looked at.

/** The message of whatever was thrown; never throws itself. */
export function messageOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? String(thrown.message) : describe(thrown);
  } catch {
    return 'an unreadable value was thrown';
  }
}

/** As `instanceof`; never throws. */
export function isInstance<T>(thrown: unknown, type: abstract new (...args: never[]) => T): thrown is T {
  try {
    return thrown instanceof type;
  } catch {
    return false;
  }
}

/** True for the typed errors, which pass through as they are. */
export function isTyped(thrown: unknown): thrown is EventSourcingError {
  return isInstance(thrown, EventSourcingError);
}
