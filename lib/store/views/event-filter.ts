import { describe } from '../../core/describe.js';
import { InvalidOptionError } from '../../core/errors.js';
import { compilePattern, type GroupPattern } from '../../core/group-pattern.js';
import { assertKnownOptions, assertNoneUndefined } from '../../core/options/known-options.js';

/** Which events: all conditions have to hold. No property may be undefined. */
export interface EventFilter {
  /** Their keys. */
  key?: string | readonly string[];
  /** What their keys begin with. */
  keyPrefix?: string;
  /** Their group is one of these: a string is the whole of it, with `*` for any run of characters; a RegExp is searched in it. */
  group?: GroupPattern | readonly GroupPattern[];
  /** They have all of these tags. */
  tags?: readonly string[];
  /** Recorded at or after this time. */
  from?: Date;
  /** Recorded before this time. */
  until?: Date;
  /** Behind this position. */
  after?: number;
  /** Before this position. */
  before?: number;
}

export interface EventSearchOptions {
  /** At most this many. Default: all. */
  limit?: number;
  /** From the end of the log to its start. Default false. */
  newestFirst?: boolean;
  /** Each with its data. Default true. */
  withData?: boolean;
  /** Ends it before the next hundred events. */
  signal?: AbortSignal;
}

/** What is looked at of each event before its data is read. */
export interface Passed {
  position: number;
  key: string;
  group: string;
  recordedAt: number;
}

export interface CheckedFilter {
  keys?: readonly string[];
  tags: readonly string[];
  after: number;
  before: number;
  newestFirst: boolean;
  takes(event: Passed): boolean;
}

const WHERE = 'EventSearch.find';
const FILTER = ['key', 'keyPrefix', 'group', 'tags', 'from', 'until', 'after', 'before'];

/** Throws `InvalidOptionError` or `UnknownOptionError`. */
export function checkedFilter(filter: EventFilter, options: EventSearchOptions): CheckedFilter {
  assertKnownOptions(filter, FILTER, `${WHERE}, filter`);
  assertNoneUndefined(filter, `${WHERE}, filter`);
  assertKnownOptions(options, ['limit', 'newestFirst', 'withData', 'signal'], WHERE);
  const { key, keyPrefix, tags = [], after = 0, before = Number.MAX_SAFE_INTEGER } = filter;
  const keys = key === undefined ? undefined : texts('key', typeof key === 'string' ? [key] : key);
  if (keyPrefix !== undefined) texts('keyPrefix', [keyPrefix]);
  texts('tags', tags);
  for (const [name, value] of Object.entries({ after, before, limit: options.limit ?? 0 }))
    check(name, value);
  return {
    ...(keys ? { keys } : {}),
    ...{ tags: [...new Set(tags)], after, before },
    newestFirst: options.newestFirst ?? false,
    takes: takesOf(filter),
  };
}

function takesOf({ keyPrefix, group, from, until }: EventFilter): (event: Passed) => boolean {
  const groups = group === undefined ? undefined : patterns(group);
  const [first, end] = [time('from', from) ?? -Infinity, time('until', until) ?? Infinity];
  return (event) =>
    (keyPrefix === undefined || event.key.startsWith(keyPrefix)) &&
    (!groups || groups.some((pattern) => pattern.test(event.group))) &&
    event.recordedAt >= first &&
    event.recordedAt < end;
}

function patterns(group: GroupPattern | readonly GroupPattern[]): RegExp[] {
  const given: readonly unknown[] = Array.isArray(group) ? group : [group];
  const isPattern = (one: unknown) => one instanceof RegExp || (typeof one === 'string' && one !== '');
  if (!given.every(isPattern))
    throw new InvalidOptionError('group', 'a pattern, or an array of such', describe(group), WHERE);
  return (given as readonly GroupPattern[]).map(compilePattern);
}

function time(name: string, value: Date | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.getTime();
  throw new InvalidOptionError(name, 'a valid Date', describe(value), WHERE);
}

function texts(name: string, values: unknown): readonly string[] {
  const isText = (one: unknown) => typeof one === 'string' && one !== '' && !one.includes('\0');
  if (Array.isArray(values) && values.every(isText)) return values as string[];
  throw new InvalidOptionError(name, 'texts without NUL, none of them empty', describe(values), WHERE);
}

function check(name: string, value: number): void {
  if ((Number.isSafeInteger(value) && value >= 0) || (name === 'limit' && value === Infinity)) return;
  throw new InvalidOptionError(name, 'a whole number, 0 or more', describe(value), WHERE);
}
