import { describe } from '../core/describe.js';
import { type Duration, milliseconds, timerMilliseconds } from '../core/duration.js';
import { InvalidOptionError } from '../core/errors.js';
import { assertKnownOptions } from '../core/options.js';
import type { RetentionPolicy } from '../store/upkeep/retention.js';

/** For how long things are kept; `false` keeps them for ever. */
export interface RetentionOptions {
  /** Succeeded deliveries, from when they succeeded. Default 7 days. */
  succeeded?: Duration | false;
  /** Cancelled deliveries, from when they were cancelled; they can be retried for so long. Default 30 days. */
  cancelled?: Duration | false;
  /** Dead deliveries, from their last failure; they can be retried for so long. Default false: until somebody acts. */
  dead?: Duration | false;
  /**
   * The data of events, from when they were recorded; the rest of them stays. Not while a delivery is open or dead, and
   * never of streams. Default false.
   */
  payload?: Duration | false;
  /**
   * Events as a whole, from when they were recorded: **their keys can be recorded again afterwards**, and are handled
   * again then. Not while a delivery is open or dead, and never of streams. Default false.
   */
  events?: Duration | false;
  /** Rows in one transaction, 1 to 10,000. Default 1000. */
  batchSize?: number;
  /** How often each process looks for what is old. Default 10 minutes. */
  every?: Duration;
}

export interface ResolvedRetention extends RetentionPolicy {
  every: number;
}

const DEFAULTS = {
  succeeded: '7d',
  cancelled: '30d',
  dead: false,
  payload: false,
  events: false,
} as const satisfies RetentionOptions;

const KINDS = Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[];
const LARGEST_BATCH = 10_000;

/** Checks the option; false when nothing is ever removed. */
export function retentionOptions(
  options: RetentionOptions | false = {},
  where: string,
): ResolvedRetention | false {
  if (options === false) return false;
  assertKnownOptions(options, [...KINDS, 'batchSize', 'every'], `${where}, retention`);
  const { batchSize = 1000, every = '10m' } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1 || batchSize > LARGEST_BATCH) {
    const expected = `a whole number from 1 to ${LARGEST_BATCH}`;
    throw new InvalidOptionError('retention.batchSize', expected, describe(batchSize), where);
  }
  const ages = KINDS.flatMap((kind) => {
    const age = options[kind] ?? DEFAULTS[kind];
    return age === false ? [] : [[kind, milliseconds(age, `retention.${kind}`, where)] as const];
  });
  const resolved = {
    ...Object.fromEntries(ages),
    batchSize,
    every: timerMilliseconds(every, 'retention.every', where),
  };
  return ages.length > 0 && resolved;
}
