import { describe } from '../core/describe.js';
import { InvalidEventNameError } from './errors.js';

/** UTF-8 bytes; what is left of a key's 255 is for what comes behind the name in keys from outside. */
const MAX_BYTES = 200;
/** Neither what patterns nor what keys give a meaning to. */
const PART = /^[\p{L}_][\p{L}\p{N}_-]*$/u;

/** The name, if an event can have it: `app.ClassName`, with `nested` more parts; throws `InvalidEventNameError`. */
export function checkedEventName(name: unknown, nested: boolean): string {
  if (typeof name !== 'string') throw new InvalidEventNameError(describe(name), 'it is no string', nested);
  const wrong = objection(name, nested);
  if (wrong === undefined) return name;
  // It may come from outside.
  throw new InvalidEventNameError(name.slice(0, MAX_BYTES).toWellFormed(), wrong, nested);
}

function objection(name: string, nested: boolean): string | undefined {
  if (Buffer.byteLength(name) > MAX_BYTES) return `it has more than ${MAX_BYTES} bytes`;
  const parts = name.split('.');
  if (parts.length < 2) return 'it has no dot';
  if (parts.includes('')) return 'a part of it is empty';
  if (parts.length > 2 && !nested) return `it has ${parts.length - 1} dots`;
  const odd = parts.find((part) => !PART.test(part));
  if (odd !== undefined)
    return 'a part may have letters, digits, "_" and "-", and begins with a letter or "_"';
  return undefined;
}
