import { retryDelay } from '../core/retry-policy.js';
import { isTyped } from '../core/thrown.js';
import type { FollowerRow } from '../store/followers/follower-rows.js';
import type { FollowerDefinition } from './follower-definition.js';

/** What is to be done about an event that failed. Durations in milliseconds. */
export type Verdict =
  | { readonly kind: 'retry'; readonly delay: number }
  | { readonly kind: 'stop' }
  | { readonly kind: 'skip' }
  | { readonly kind: 'park'; readonly delay: number };

/** After the `attempts`-th attempt that failed, 1-based. Changes nothing, and never throws. */
export function verdict(
  { retry, onError }: Pick<FollowerDefinition, 'retry' | 'onError'>,
  error: unknown,
  attempts: number,
  random: () => number,
): Verdict {
  const delay = isHopeless(error) ? undefined : retryDelay(retry, attempts, random);
  if (delay !== undefined) return { kind: 'retry', delay };
  return onError === 'park'
    ? { kind: 'park', delay: parkedDelay(retry, attempts, random) }
    : { kind: onError };
}

/** Parked events are tried again for ever, less and less often. */
export function parkedDelay(
  retry: FollowerDefinition['retry'],
  attempts: number,
  random: () => number,
): number {
  return retryDelay({ ...retry, maxRetries: Infinity }, attempts, random)!;
}

/** Trying again would not help. */
function isHopeless(error: unknown): boolean {
  return (
    isTyped(error) &&
    ['NON_RETRIABLE', 'PAYLOAD_PRUNED', 'MESSAGE_REFUSED', 'MESSAGE_TOO_LARGE'].includes(error.code)
  );
}

/** Which attempt at the event it is. */
export function attemptOf({ failure }: FollowerRow, position: number): number {
  return failure?.position === position ? failure.attempts + 1 : 1;
}
