import { describe } from '../core/describe.js';
import { InvalidOptionError } from '../core/errors.js';
import { type EventClass, eventTypeNameOf } from '../core/event-types.js';
import { compilePattern } from '../core/group-pattern.js';
import { must } from '../core/options/checks.js';

/** A pattern of names that may be posted. */
export type AllowedName = RegExp;

/** Checks the list of what may be posted: names, patterns with `*`, event classes. */
export function allowedNames(
  allow: readonly (string | EventClass)[],
  option: string,
  where: string,
): readonly AllowedName[] {
  const names: readonly unknown[] = someNames(allow, option, where);
  return names.map((entry) => compilePattern(nameOf(entry, option, where)));
}

const someNames = must<readonly (string | EventClass)[]>(
  'the names of the events that may be posted, at least one',
  (allow) => Array.isArray(allow) && allow.length > 0,
);

function nameOf(entry: unknown, option: string, where: string): string {
  const name = typeof entry === 'string' ? entry : eventTypeNameOf(entry);
  if (name) return name;
  const expected = "names such as 'shop.DealClick' or 'shop.*', or classes with @EventType";
  throw new InvalidOptionError(option, expected, describe(entry), where);
}

/** Every pattern is tried, so that the time it takes says nothing of the list. */
export function isAllowed(allow: readonly AllowedName[], name: string): boolean {
  return allow.map((pattern) => pattern.test(name)).includes(true);
}
