import { describe } from '../core/describe.js';
import { InvalidOptionError } from '../core/errors.js';
import { eventTypeNameOf } from '../core/event-types.js';
import { compilePattern } from '../core/group-pattern.js';

/** A pattern of names that may be posted. */
export type AllowedName = RegExp;

/** Checks the list of what may be posted: names, patterns with `*`, event classes. */
export function allowedNames(allow: unknown, where: string): AllowedName[] {
  if (!Array.isArray(allow) || allow.length === 0) {
    const expected = 'the names of the events that may be posted, at least one';
    throw new InvalidOptionError('http.allow', expected, describe(allow), where);
  }
  return allow.map((entry: unknown) => compilePattern(nameOf(entry, where)));
}

function nameOf(entry: unknown, where: string): string {
  const name = typeof entry === 'string' ? entry : eventTypeNameOf(entry);
  if (name) return name;
  const expected = "names such as 'shop.DealClick' or 'shop.*', or classes with @EventType";
  throw new InvalidOptionError('http.allow', expected, describe(entry), where);
}

/** Every pattern is tried, so that the time it takes says nothing of the list. */
export function isAllowed(allow: readonly AllowedName[], name: string): boolean {
  return allow.map((pattern) => pattern.test(name)).includes(true);
}
