import { describe } from '../core/describe.js';
import { InvalidOptionError } from '../core/errors.js';

/** A number of bytes, or a string such as `'100kb'` or `'1mb'`. */
export type ByteSize = number | string;

const UNITS: Readonly<Record<string, number>> = { b: 1, kb: 1024, mb: 1024 ** 2 };
const PATTERN = /^(\d+(?:\.\d+)?)\s*(b|kb|mb)$/i;

/** The size in bytes; `InvalidOptionError` names the option when it is none, or none that is left of it. */
export function bytesOf(size: ByteSize, option: string, where: string): number {
  const match = typeof size === 'string' ? PATTERN.exec(size.trim()) : null;
  const bytes = match ? Math.floor(Number(match[1]) * UNITS[match[2]!.toLowerCase()]!) : size;
  if (typeof bytes === 'number' && Number.isSafeInteger(bytes) && bytes >= 1) return bytes;
  const expected = "a whole number of bytes, 1 or more, or a string such as '100kb' or '1mb'";
  throw new InvalidOptionError(option, expected, describe(size), where);
}
