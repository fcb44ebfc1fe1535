import { describe } from './describe.js';
import { InvalidOptionError } from './errors.js';
import { nameProblem } from './event-input.js';
import { compilePattern, type GroupPattern } from './group-pattern.js';
import { assertKnownOptions, assertNoneUndefined } from './options/known-options.js';

/** Items of one query, and tags of one item: a statement has to hold them all. */
const MOST = 50;

export interface EventQueryItem {
  /** The event has all of these: 1 to 50 tags of 1 to 255 UTF-8 bytes each. */
  tags: readonly string[];
  /**
   * Its group is one of these: a string is the whole group, with `*` for any run of characters; a RegExp is searched anywhere
   * in it. Default: any.
   */
  groups?: readonly GroupPattern[];
}

/** Which events a decision is made of. Of several items, 50 at most, an event has to match one. */
export type EventQuery = EventQueryItem | readonly EventQueryItem[];

/** A checked item. */
export interface QueryItem {
  /** Each once. */
  readonly tags: readonly string[];
  /** Undefined where the database cannot tell by equality which groups these are: `takes` can. */
  readonly groups?: readonly string[];
  takes(group: string): boolean;
}

/** The items of a query. Throws `InvalidOptionError` or `UnknownOptionError`. */
export function checkedQuery(query: unknown, where: string): QueryItem[] {
  const items: unknown[] = Array.isArray(query) ? query : [query];
  if (items.length < 1 || items.length > MOST) {
    throw new InvalidOptionError('query', `one item to ${MOST}`, `${items.length}`, where);
  }
  return items.map((item) => checkedItem(item, where));
}

/** An item of groups that are meant as they are written. */
export function exactItem(
  tags: readonly string[],
  groups: readonly string[] | undefined,
  where: string,
): QueryItem {
  const known = groups && new Set(groups);
  return {
    tags: checkedTagList(tags, where),
    ...(groups ? { groups } : {}),
    takes: (group) => !known || known.has(group),
  };
}

function checkedItem(item: unknown, where: string): QueryItem {
  if (typeof item !== 'object' || item === null) {
    throw new InvalidOptionError('query', 'an object { tags, groups? }, or several', describe(item), where);
  }
  assertKnownOptions(item, ['tags', 'groups'], where);
  assertNoneUndefined(item, where);
  const { tags, groups } = item as EventQueryItem;
  if (groups !== undefined) assertGroups(groups, where);
  if (!groups || groups.every(isExact)) return exactItem(tags, groups, where);
  const patterns = groups.map(compilePattern);
  return {
    tags: checkedTagList(tags, where),
    takes: (group) => patterns.some((pattern) => pattern.test(group)),
  };
}

function checkedTagList(tags: unknown, where: string): string[] {
  if (!Array.isArray(tags) || tags.length < 1 || tags.length > MOST) {
    const actual = Array.isArray(tags) ? `${tags.length} tags` : describe(tags);
    throw new InvalidOptionError('tags', `an array of one tag to ${MOST}`, actual, where);
  }
  for (const [index, tag] of tags.entries()) {
    const problem = nameProblem(tag);
    if (problem) throw new InvalidOptionError(`tags[${index}]`, problem.expected, problem.actual, where);
  }
  return [...new Set(tags as string[])];
}

function assertGroups(groups: unknown, where: string): asserts groups is readonly GroupPattern[] {
  const isPattern = (group: unknown) =>
    group instanceof RegExp || (typeof group === 'string' && group !== '' && !group.includes('\0'));
  if (Array.isArray(groups) && groups.length > 0 && groups.every(isPattern)) return;
  const expected = 'an array of one or more strings without NUL and RegExps, or left out';
  throw new InvalidOptionError('groups', expected, describe(groups), where);
}

function isExact(group: GroupPattern): group is string {
  return typeof group === 'string' && !group.includes('*');
}
