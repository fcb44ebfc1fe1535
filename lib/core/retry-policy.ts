import { describe } from './describe.js';
import { type Duration, milliseconds } from './duration.js';
import { InvalidOptionError } from './errors.js';
import { assertKnownOptions } from './options.js';

/** How a failed delivery is tried again: the first try plus `maxRetries`, then it is dead. */
export interface RetryOptions {
  /** Default 10. 0: one try only. */
  maxRetries?: number;
  /** Wait before the first retry. Default 1 s. */
  interval?: Duration;
  /** Each further wait is this many times the one before. Default 2. */
  backoff?: number;
  /** No wait is longer. Default 1 h. */
  maxInterval?: Duration;
  /** Each wait is varied at random by up to this share of it, either way, 0 to 1. Default 0.1. */
  jitter?: number;
}

/** Checked retry options, durations in milliseconds. */
export interface RetryPolicy {
  maxRetries: number;
  interval: number;
  backoff: number;
  maxInterval: number;
  jitter: number;
}

export const DEFAULT_RETRY: RetryPolicy = {
  maxRetries: 10,
  interval: 1000,
  backoff: 2,
  maxInterval: 3_600_000,
  jitter: 0.1,
};

export function retryPolicy(options: RetryOptions, where: string, defaults = DEFAULT_RETRY): RetryPolicy {
  assertKnownOptions(options, Object.keys(DEFAULT_RETRY), `${where}, retry`);
  const policy = {
    maxRetries: options.maxRetries ?? defaults.maxRetries,
    interval: milliseconds(options.interval ?? defaults.interval, 'retry.interval', where),
    backoff: options.backoff ?? defaults.backoff,
    maxInterval: milliseconds(options.maxInterval ?? defaults.maxInterval, 'retry.maxInterval', where),
    jitter: options.jitter ?? defaults.jitter,
  };
  assertNumber('retry.maxRetries', policy.maxRetries, 'a whole number, 0 or more', Number.isInteger, where);
  assertNumber('retry.backoff', policy.backoff, 'a number, 1 or more', (value) => value >= 1, where);
  assertNumber('retry.jitter', policy.jitter, 'a number from 0 to 1', (value) => value <= 1, where);
  return policy;
}

function assertNumber(
  option: string,
  value: unknown,
  expected: string,
  holds: (value: number) => boolean,
  where: string,
): void {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0 && holds(value)) return;
  throw new InvalidOptionError(option, expected, describe(value), where);
}

/**
 * Milliseconds to wait after the `failures`-th failed attempt (1-based), or undefined when no retry is left.
 * `random` gives a number in [0, 1).
 */
export function retryDelay(policy: RetryPolicy, failures: number, random: () => number): number | undefined {
  if (failures > policy.maxRetries) return undefined;
  const wait = Math.min(policy.interval * policy.backoff ** (failures - 1), policy.maxInterval);
  return Math.round(wait * (1 + policy.jitter * (2 * random() - 1)));
}
