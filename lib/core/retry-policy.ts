import { milliseconds } from './duration.js';
import { number, whole } from './options/checks.js';
import { opt, type OptionsOf, resolved, type ResolvedOf } from './options/declare.js';

export const RETRY = {
  /** Tries after the first one; 0: one try only. Default `10`. */
  maxRetries: opt(whole(0), 10),
  /** Wait before the first retry. Default `'1s'`. */
  interval: opt(milliseconds, '1s'),
  /** Each further wait is this many times the one before. Default `2`. */
  backoff: opt(number(1), 2),
  /** No wait is longer. Default `'1h'`. */
  maxInterval: opt(milliseconds, '1h'),
  /** Each wait is varied at random by up to this share of it, either way, 0 to 1. Default `0.1`. */
  jitter: opt(number(0, 1), 0.1),
};

/** How a failed delivery is tried again: the first try plus `maxRetries`, then it is dead. */
export interface RetryOptions extends OptionsOf<typeof RETRY> {}

/** Checked retry options, durations in milliseconds. */
export type RetryPolicy = ResolvedOf<typeof RETRY>;

export const retryPolicy = (options: RetryOptions, where: string, defaults?: RetryPolicy): RetryPolicy =>
  resolved(RETRY, options, { where, option: 'retry', defaults });

export const DEFAULT_RETRY: RetryPolicy = retryPolicy({}, 'retry');

/**
 * Milliseconds to wait after the `failures`-th failed attempt (1-based), or undefined when no retry is left.
 * `random` gives a number in [0, 1).
 */
export function retryDelay(policy: RetryPolicy, failures: number, random: () => number): number | undefined {
  if (failures > policy.maxRetries) return undefined;
  const wait = Math.min(policy.interval * policy.backoff ** (failures - 1), policy.maxInterval);
  return Math.round(wait * (1 + policy.jitter * (2 * random() - 1)));
}
