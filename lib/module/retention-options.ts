import { milliseconds, timerMilliseconds } from '../core/duration.js';
import { orFalse, whole } from '../core/options/checks.js';
import { opt, type OptionsOf, resolved } from '../core/options/declare.js';
import type { RetentionPolicy } from '../store/upkeep/retention.js';

export const RETENTION = {
  /** Succeeded deliveries, from when they succeeded. Default `'7d'`. */
  succeeded: opt(orFalse(milliseconds), '7d'),
  /** Cancelled deliveries, from when they were cancelled; they can be retried for so long. Default `'30d'`. */
  cancelled: opt(orFalse(milliseconds), '30d'),
  /** Dead deliveries, from their last failure; they can be retried for so long, or until somebody acts. Default `false`. */
  dead: opt(orFalse(milliseconds), false),
  /**
   * The data of events, from when they were recorded; the rest of them stays. Not while a delivery is open or dead, and
   * never of streams. Default `false`.
   */
  payload: opt(orFalse(milliseconds), false),
  /**
   * Events as a whole, from when they were recorded: **their keys can be recorded again afterwards**, and are handled
   * again then. Not while a delivery is open or dead, and never of streams. Default `false`.
   */
  events: opt(orFalse(milliseconds), false),
  /** Rows in one transaction, 1 to 10,000. Default `1000`. */
  batchSize: opt(whole(1, 10_000), 1000),
  /** How often each process looks for what is old. Default `'10m'`. */
  every: opt(timerMilliseconds, '10m'),
};

/** For how long things are kept; `false` keeps them for ever. */
export interface RetentionOptions extends OptionsOf<typeof RETENTION> {}

export interface ResolvedRetention extends RetentionPolicy {
  every: number;
}

/** Checks the option; false when nothing is ever removed. */
export function retentionPolicy(
  options: RetentionOptions,
  option: string,
  where: string,
): ResolvedRetention | false {
  const { batchSize, every, ...ages } = resolved(RETENTION, options, { where, option });
  const kept = Object.entries(ages).filter(([, age]) => age !== false);
  return kept.length > 0 && { ...Object.fromEntries(kept), batchSize, every };
}
