import { describe } from '../describe.js';
import { InvalidOptionError } from '../errors.js';
import type { Check } from './declare.js';

/** What `holds` says is right; `expected` says in an error what it should have been. */
export const must =
  <T>(expected: string, holds: (value: T) => boolean): Check<T> =>
  (value, option, where) => {
    if (holds(value)) return value;
    throw new InvalidOptionError(option, expected, describe(value), where);
  };

const range = (least: number, most?: number) =>
  most === undefined ? `, ${least} or more` : ` from ${least} to ${most}`;

const within = (value: number, least: number, most = Infinity) => value >= least && value <= most;

/** A whole number; `unit` such as ` of bytes`. */
export const whole = (least: number, most?: number, unit = ''): Check<number> =>
  must(
    `a whole number${unit}${range(least, most)}`,
    (value) => Number.isSafeInteger(value) && within(value, least, most),
  );

export const number = (least: number, most?: number): Check<number> =>
  must(`a number${range(least, most)}`, (value) => Number.isFinite(value) && within(value, least, most));

export const flag: Check<boolean> = must('true or false', (value) => typeof value === 'boolean');

export const text: Check<string> = must('a string', (value) => typeof value === 'string');

/** One that is refused is not shown: it may hold a password. */
export const url: Check<string> = (value, option, where) => {
  if (typeof value === 'string' && URL.canParse(value)) return value;
  const actual = typeof value === 'string' ? 'another string' : describe(value);
  throw new InvalidOptionError(option, 'a URL such as postgres://db-1:5432/app', actual, where);
};

export const oneOf = <const T extends string>(...allowed: readonly T[]): Check<T> =>
  must(allowed.map((name) => `'${name}'`).join(' or '), (value) => allowed.includes(value));

export const list = <T>(
  expected: string,
  holds: (item: unknown) => boolean = () => true,
): Check<readonly T[]> => must(expected, (value) => Array.isArray(value) && value.every(holds));

/** `false` is left as it is. */
export const orFalse =
  <Given, Value>(check: Check<Given, Value>): Check<Given | false, Value | false> =>
  (given, option, where) =>
    given !== false && check(given, option, where);
