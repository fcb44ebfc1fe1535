import { describe } from '../core/describe.js';
import { InvalidOptionError } from '../core/errors.js';
import { assertKnownOptions, assertNoneUndefined } from '../core/options/known-options.js';
import { type DeliveryFilter, listOf, STATUSES } from '../store/deliveries/delivery-filter.js';

/** Every delivery: said in so many words, since an empty filter may be one whose parameters got lost. */
export interface AllDeliveries {
  all: true;
}

const DATES = ['before', 'after', 'failedBefore', 'failedAfter'] as const;
const TEXTS = ['handler', 'group', 'key', 'tag'] as const;
const PROPERTIES = ['status', ...TEXTS, 'error', ...DATES];

/** Throws `UnknownOptionError` or `InvalidOptionError`. */
export function assertFilter(filter: DeliveryFilter, where: string): void {
  assertKnownOptions(filter, PROPERTIES, where);
  assertNoneUndefined(filter, where);
  const { status, error } = filter;
  if (status !== undefined) assertStatuses(status, where);
  for (const name of TEXTS) if (name in filter) assertTexts(name, filter[name], where);
  if (error !== undefined && (typeof error !== 'string' || error === '' || error.includes('\0')))
    throw new InvalidOptionError('error', 'a text without NUL', describe(error), where);
  for (const name of DATES) {
    const date: unknown = filter[name];
    const isValid = date === undefined || (date instanceof Date && !Number.isNaN(date.getTime()));
    if (!isValid) throw new InvalidOptionError(name, 'a valid Date', describe(date), where);
  }
}

/** The filter of what is to be changed. Throws for one that means all without saying so. */
export function filterOfChange(filter: DeliveryFilter | AllDeliveries, where: string): DeliveryFilter {
  if (typeof filter === 'object' && filter !== null && 'all' in filter) {
    if (filter.all === true && Object.keys(filter).length === 1) return {};
    const expected = 'true, and alone: { all: true }';
    const given = filter.all === true ? 'it beside others' : describe(filter.all);
    throw new InvalidOptionError('all', expected, given, where);
  }
  const expected = `an object with one of ${PROPERTIES.join(', ')} at least, or { all: true } for every delivery`;
  if (filter === undefined || filter === null || Object.keys(filter).length === 0)
    throw new InvalidOptionError('the filter', expected, filter ? 'none of them' : describe(filter), where);
  assertFilter(filter, where);
  return filter;
}

function assertStatuses(status: unknown, where: string): void {
  const expected = `one of ${STATUSES.join(', ')}, or an array of them`;
  for (const one of textsOf('status', status, expected, where))
    if (!(STATUSES as readonly string[]).includes(one))
      throw new InvalidOptionError('status', expected, describe(one), where);
}

/** No database has a text with NUL in it, and one of them fails when it is asked for one. */
function assertTexts(name: string, value: unknown, where: string): void {
  const expected = 'a string without NUL, or an array of such';
  for (const one of textsOf(name, value, expected, where))
    if (one.includes('\0')) throw new InvalidOptionError(name, expected, 'one with NUL', where);
}

function textsOf(name: string, value: unknown, expected: string, where: string): readonly string[] {
  const isList = typeof value === 'string' || Array.isArray(value);
  const values = isList ? listOf(value as string | readonly string[]) : [value];
  const wrong = values.findIndex((one) => typeof one !== 'string');
  if (wrong >= 0) throw new InvalidOptionError(name, expected, describe(values[wrong]), where);
  return values as readonly string[];
}
