import { describe } from './describe.js';
import { InvalidOptionError } from './errors.js';

/** Milliseconds, or a string such as `'250ms'`, `'30s'`, `'5m'`, `'12h'`, `'7d'`. */
export type Duration = number | string;

const UNITS: Record<string, number> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
/** The longest that a timer can wait: 24 days. */
const LONGEST_TIMER = 2 ** 31 - 1;
const PATTERN = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)$/;

/** The duration in milliseconds; `InvalidOptionError` names the option when it is no duration. */
export function milliseconds(duration: Duration, option: string, where: string): number {
  if (typeof duration === 'number' && Number.isFinite(duration) && duration >= 0) return duration;
  const match = typeof duration === 'string' ? PATTERN.exec(duration.trim()) : null;
  if (match) return Number(match[1]) * UNITS[match[2]!]!;
  const expected =
    "a number of milliseconds (0 or more) or a string such as '500ms', '30s', '5m', '12h', '7d'";
  throw new InvalidOptionError(option, expected, describe(duration), where);
}

/** A duration in milliseconds for which a timer waits: at least 1 ms, at most 24 days. */
export function timerMilliseconds(duration: Duration, option: string, where: string): number {
  const value = milliseconds(duration, option, where);
  if (value >= 1 && value <= LONGEST_TIMER) return value;
  throw new InvalidOptionError(option, 'from 1 ms to 24 days', describe(duration), where);
}
