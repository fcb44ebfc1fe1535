import { describe } from './describe.js';
import { InvalidEventError } from './errors.js';
import type { EventInput, EventOrigin } from './event.js';

const MAX_BYTES = 255;

/** Prefixes of keys that come from outside the application (HTTP, brokers): nothing inside may use them. */
const OUTSIDE_PREFIXES = ['http:', 'kafka:'];

/** The event `{ group, key: `${group}_${id}`, data }`: the usual shape, one event per group and entity id. */
export function event<T>(group: string, id: string | number | bigint, data?: T): EventInput<T> {
  const usable = (typeof id === 'string' && id !== '') || typeof id === 'bigint' || Number.isSafeInteger(id);
  if (!usable) {
    const expected =
      'a non-empty string, a safe integer or a bigint (anything else would swallow every later event)';
    throw new InvalidEventError(`id of event(${describe(group)}, …)`, expected, describe(id));
  }
  return { group, key: `${group}_${id}`, ...(data === undefined ? {} : { data }) };
}

/** What the key of an event from outside begins with. */
export function outsidePrefix(origin: EventOrigin, group: string): string {
  return `${origin}:${group}:`;
}

/** Throws `InvalidEventError` unless everything but `data` may be recorded; `data` is the transcoder's to check. */
export function assertEventInput(input: unknown, origin?: EventOrigin): asserts input is EventInput {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new InvalidEventError('it', 'an object { group, key, data? }', describe(input));
  }
  const { group, key, orderKey, occurredAt, availableAt, metadata } = input as EventInput;
  assertName('group', group);
  assertName('key', key);
  if (origin === undefined) assertInsideKey(key);
  else assertOutsideKey(key, outsidePrefix(origin, group));
  if (orderKey !== undefined) assertName('orderKey', orderKey);
  assertDate('occurredAt', occurredAt);
  assertDate('availableAt', availableAt);
  if (
    metadata !== undefined &&
    (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata))
  ) {
    throw new InvalidEventError('metadata', 'an object', describe(metadata));
  }
}

function assertName(field: string, value: unknown): void {
  const expected = `a string of 1 to ${MAX_BYTES} UTF-8 bytes, well-formed, without NUL`;
  if (typeof value !== 'string') throw new InvalidEventError(field, expected, describe(value));
  const bytes = Buffer.byteLength(value, 'utf8');
  if (bytes < 1 || bytes > MAX_BYTES) throw new InvalidEventError(field, expected, `${bytes} bytes`);
  if (value.includes('\0')) throw new InvalidEventError(field, expected, 'one with a NUL character');
  if (!value.isWellFormed()) throw new InvalidEventError(field, expected, 'one with a lone surrogate');
}

function assertInsideKey(key: string): void {
  const prefix = OUTSIDE_PREFIXES.find((candidate) => key.startsWith(candidate));
  if (prefix) throw new InvalidEventError('key', `outside the reserved prefix "${prefix}"`, describe(key));
}

function assertOutsideKey(key: string, prefix: string): void {
  if (key.startsWith(prefix) && key.length > prefix.length) return;
  throw new InvalidEventError('key', `one that goes on behind the prefix "${prefix}"`, describe(key));
}

function assertDate(field: string, value: unknown): void {
  if (value === undefined) return;
  if (value instanceof Date && !Number.isNaN(value.getTime())) return;
  throw new InvalidEventError(field, 'a valid Date', describe(value));
}
