import type { StoredForm } from '../../ports/column-forms.js';

/** NUL and halves of surrogate pairs, which not every driver hands on as they are. */
const DOUBTFUL = /[\0\p{Surrogate}]/u;

export const isBoolean: StoredForm = (value) => typeof value === 'boolean';

/** Bytes are handed out as a Buffer, whatever was saved. */
export const isBuffer: StoredForm = (value) => Buffer.isBuffer(value);

/** A number without a fraction that has room in so many bits; negative zero is stored as zero. */
export function whole(bits: number, unsigned = false): StoredForm {
  const end = 2 ** (bits - 1);
  const start = unsigned ? 0 : -end;
  return (value) =>
    Number.isSafeInteger(value) &&
    !Object.is(value, -0) &&
    (value as number) >= start &&
    (value as number) < end;
}

/** A number for a column of eight bytes. */
export const isDouble: StoredForm = (value) => Number.isFinite(value) && !Object.is(value, -0);

/** Text of at most so many UTF-16 units: what is longer may be cut off, or need more bytes than there are. */
export function text(longest = Infinity): StoredForm {
  return (value) => typeof value === 'string' && value.length <= longest && !DOUBTFUL.test(value);
}

function matching(pattern: RegExp): StoredForm {
  return (value) => typeof value === 'string' && pattern.test(value);
}

/** 64 bits, for which a number has no room. */
export const isWholeText = matching(/^(0|-?[1-9]\d*)$/);

/** With as many decimals as the column has; undefined: with any number of them. */
export function decimalText(scale: number | undefined): StoredForm {
  const decimals = scale === undefined ? '(\\.\\d+)?' : scale > 0 ? `\\.\\d{${scale}}` : '';
  return matching(new RegExp(`^(?!-[0.]*$)-?(0|[1-9]\\d*)${decimals}$`));
}

/** Databases bring upper case to lower. */
export const isUuid = matching(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);

export const isDay = matching(/^[1-9]\d{3}-\d\d-\d\d$/);

export const isTime = matching(/^\d\d:\d\d:\d\d$/);

/**
 * A Date without a fraction that the column would round, and that its local time names: where clocks are put back one hour
 * comes twice, and a column without a time zone knows one of the two.
 */
export function instant(digits: number): StoredForm {
  const step = 10 ** Math.max(0, 3 - digits);
  return (value) => value instanceof Date && value.getTime() % step === 0 && hasLocalName(value);
}

/** Setting a part makes the instant from the local time anew. */
function hasLocalName(date: Date): boolean {
  const again = new Date(date);
  again.setMinutes(date.getMinutes());
  const year = date.getFullYear();
  return year >= 1000 && year <= 9999 && again.getTime() === date.getTime();
}

/** One of the column's own, as it is written there. Numbers pass through text, on each database in another way. */
export function oneOf(members: readonly unknown[]): StoredForm {
  return (value) => typeof value === 'string' && /^\w+$/.test(value) && members.includes(value);
}

/** An item that is empty, or has a comma, comes back as another list. */
export const isSimpleArray: StoredForm = (value) =>
  Array.isArray(value) && value.every(matching(/^[^,\0\p{Surrogate}]+$/u));

interface JsonFacts {
  /** The database keeps the order of an object's properties. */
  ordered: boolean;
  /** A value that is a string, and no more, comes back as that. */
  strings: boolean;
}

export function json({ ordered, strings }: JsonFacts): StoredForm {
  return (value) => (strings || typeof value !== 'string') && isPlainJson(value, ordered);
}

function isPlainJson(value: unknown, ordered: boolean): boolean {
  if (value === null || typeof value === 'boolean') return true;
  if (typeof value === 'string') return !DOUBTFUL.test(value);
  if (typeof value === 'number') return isDouble(value);
  if (typeof value !== 'object') return false;
  const values: unknown[] = Object.values(value);
  // With a hole, or a property of its own, an array has another number of values.
  const isPlain = Array.isArray(value) ? values.length === value.length : isPlainObject(value);
  const isInOrder = ordered || Array.isArray(value) || values.length < 2;
  return isPlain && isInOrder && values.every((one) => isPlainJson(one, ordered));
}

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
