import { types } from 'node:util';

/** What was expected instead of a value that a payload cannot hold. */
export function expectationFor(value: unknown): string {
  if (value === undefined)
    return 'a value (undefined is dropped as a property, but cannot be stored here: use null)';
  if (typeof value === 'number') return 'a finite number';
  if (typeof value === 'function' || typeof value === 'symbol') return 'data';
  if (types.isPromise(value)) return 'a value, not the promise of one (is an `await` missing?)';
  return 'plain data, an entity or an instance of a registered type (convert it, or register a payload type for it)';
}
