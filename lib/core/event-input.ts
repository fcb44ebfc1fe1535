import { describe } from './describe.js';
import { InvalidEventError } from './errors.js';
import type { EventDetails, EventInput, EventOrigin, StreamVersion } from './event.js';
import { nearest } from './options/known-options.js';

const MAX_BYTES = 255;

/** Ways into the log from outside the application; each begins the keys of its events, which nothing inside may have. */
const TRANSPORTS = ['http', 'kafka', 'memory', 'nats', 'rabbitmq'];

/** What keys of events of streams begin with. */
export const STREAM_PREFIX = 'stream:';

/** What keys of events that tell of the forgetting of a subject begin with. */
export const FORGETTING_PREFIX = 'forgetting:';

/** What a stream's name leaves of a key's 255 for the prefix, a colon and the version. */
export const MAX_STREAM_BYTES = MAX_BYTES - STREAM_PREFIX.length - 1 - String(Number.MAX_SAFE_INTEGER).length;

const RESERVED_PREFIXES = [
  ...TRANSPORTS.map((transport) => `${transport}:`),
  STREAM_PREFIX,
  FORGETTING_PREFIX,
];

/** Whose an event is, where it is not simply the application's. */
export interface EventPlace {
  origin?: EventOrigin;
  stream?: StreamVersion;
  /** It tells of the forgetting of a subject. */
  forgetting?: boolean;
}

const DETAILS = ['occurredAt', 'availableAt', 'orderKey', 'metadata', 'tags'];
const PROPERTIES = ['group', 'key', 'data', ...DETAILS];

/**
 * The event `{ group, key: `${group}_${id}`, data }`: the usual shape, one event per group and entity id. Its `orderKey` and
 * its times are given as `details`.
 */
export function event<T>(
  group: string,
  id: string | number | bigint,
  data?: T,
  details: EventDetails = {},
): EventInput<T> {
  const usable = (typeof id === 'string' && id !== '') || typeof id === 'bigint' || Number.isSafeInteger(id);
  if (!usable) {
    const expected =
      'a non-empty string, a safe integer or a bigint (anything else would swallow every later event)';
    throw new InvalidEventError(`id of event(${describe(group)}, …)`, expected, describe(id));
  }
  assertNoOther(details, DETAILS);
  return { group, key: `${group}_${id}`, ...(data === undefined ? {} : { data }), ...details };
}

/** What the key of an event from outside begins with. */
export function outsidePrefix({ transport, source }: EventOrigin): string {
  return `${transport}:${source}:`;
}

/** The key of an event of a stream: one version of a stream has one key. */
export function streamKey({ name, version }: StreamVersion): string {
  return `${STREAM_PREFIX}${name}:${version}`;
}

/** The tags, each once. Throws `InvalidEventError` where one may not be. */
export function checkedTags(tags: readonly string[]): string[] {
  // Narrowed to any[] otherwise.
  const isList: boolean = Array.isArray(tags);
  if (!isList) throw new InvalidEventError('tags', 'an array of strings', describe(tags));
  for (const [index, tag] of tags.entries()) assertName(`tags[${index}]`, tag);
  return [...new Set(tags)];
}

/** Why it cannot be the name of a group, a key or a tag; undefined where it can. */
export function nameProblem(
  value: unknown,
  limit = MAX_BYTES,
): { expected: string; actual: string } | undefined {
  if (typeof value === 'string' && isName(value, limit)) return undefined;
  const expected = `a string of 1 to ${limit} UTF-8 bytes, well-formed, without NUL`;
  return { expected, actual: nameFault(value, limit) };
}

/** A name is looked at for each event several times. Characters have three bytes at most, each half of a pair included. */
function isName(value: string, limit: number): boolean {
  const { length } = value;
  const isShort = length > 0 && (length * 3 <= limit || Buffer.byteLength(value, 'utf8') <= limit);
  return isShort && !value.includes('\0') && value.isWellFormed();
}

function nameFault(value: unknown, limit: number): string {
  if (typeof value !== 'string') return describe(value);
  const bytes = Buffer.byteLength(value, 'utf8');
  if (bytes < 1 || bytes > limit) return `${bytes} bytes`;
  return value.includes('\0') ? 'one with a NUL character' : 'one with a lone surrogate';
}

/** Throws `InvalidEventError` unless everything but `data` may be recorded; `data` is the transcoder's to check. */
export function assertEventInput(input: unknown, place: EventPlace = {}): asserts input is EventInput {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new InvalidEventError('it', 'an object { group, key, data? }', describe(input));
  }
  assertNoOther(input, PROPERTIES);
  const { group, key, orderKey, occurredAt, availableAt, metadata, tags } = input as EventInput;
  assertName('group', group);
  assertName('key', key);
  assertKeyOf(place, key);
  if (orderKey !== undefined) assertName('orderKey', orderKey);
  if (tags !== undefined) checkedTags(tags);
  assertDate('occurredAt', occurredAt);
  assertDate('availableAt', availableAt);
  if (
    metadata !== undefined &&
    (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata))
  ) {
    throw new InvalidEventError('metadata', 'an object', describe(metadata));
  }
}

/** What is misspelt would be dropped without a word. */
function assertNoOther(given: object, known: readonly string[]): void {
  const other = Object.keys(given).find((name) => !known.includes(name));
  if (other === undefined) return;
  const meant = nearest(other, known);
  const hint = meant ? `: did you mean "${meant}"?` : '';
  const expected = `left out${hint} (there are ${known.join(', ')})`;
  throw new InvalidEventError(other, expected, describe((given as Record<string, unknown>)[other]));
}

function assertName(field: string, value: unknown, limit = MAX_BYTES): asserts value is string {
  const problem = nameProblem(value, limit);
  if (problem) throw new InvalidEventError(field, problem.expected, problem.actual);
}

function assertKeyOf({ origin, stream, forgetting }: EventPlace, key: string): void {
  if (forgetting) return;
  if (stream) assertStreamKey(key, stream);
  else if (origin) assertOutsideKey(key, origin);
  else assertInsideKey(key);
}

function assertStreamKey(key: string, stream: StreamVersion): void {
  assertName('stream', stream.name, MAX_STREAM_BYTES);
  if (!Number.isSafeInteger(stream.version) || stream.version < 1) {
    throw new InvalidEventError('version', 'a whole number, 1 or more', describe(stream.version));
  }
  if (key === streamKey(stream)) return;
  throw new InvalidEventError('key', `that of its stream and version, "${streamKey(stream)}"`, describe(key));
}

function assertInsideKey(key: string): void {
  const prefix = RESERVED_PREFIXES.find((candidate) => key.startsWith(candidate));
  if (prefix) throw new InvalidEventError('key', `outside the reserved prefix "${prefix}"`, describe(key));
}

function assertOutsideKey(key: string, origin: EventOrigin): void {
  assertOrigin(origin);
  const prefix = outsidePrefix(origin);
  if (key.startsWith(prefix) && key.length > prefix.length) return;
  throw new InvalidEventError('key', `one that goes on behind the prefix "${prefix}"`, describe(key));
}

/** Without a colon in it, no source can have the keys of another. */
function assertOrigin({ transport, source }: EventOrigin): void {
  if (!TRANSPORTS.includes(transport)) {
    throw new InvalidEventError('origin.transport', `one of ${TRANSPORTS.join(', ')}`, describe(transport));
  }
  assertName('origin.source', source);
  if (source.includes(':')) throw new InvalidEventError('origin.source', 'without a colon', describe(source));
}

function assertDate(field: string, value: unknown): void {
  if (value === undefined) return;
  if (value instanceof Date && !Number.isNaN(value.getTime())) return;
  throw new InvalidEventError(field, 'a valid Date', describe(value));
}
