import { describe } from '../core/describe.js';
import { EventSourcingError } from '../core/errors.js';

// Foreign code may throw anything, even a value that throws when it is looked at.

/** The message of whatever was thrown; never throws itself. */
export function messageOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? String(thrown.message) : describe(thrown);
  } catch {
    return 'an unreadable value was thrown';
  }
}

/** True for the typed errors, which pass through as they are. */
export function isTyped(thrown: unknown): thrown is EventSourcingError {
  try {
    return thrown instanceof EventSourcingError;
  } catch {
    return false;
  }
}
