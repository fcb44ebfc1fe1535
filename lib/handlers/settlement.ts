import { causesOf } from './causes.js';
import type { RefusedDataError } from '../core/event-types.js';
import type { RetryPolicy } from '../core/retry-policy.js';
import { retryDelay } from '../core/retry-policy.js';
import { PayloadPrunedError } from '../payload/errors.js';
import {
  DeliveryCancelledError,
  LeaseLostError,
  NonRetriableError,
  ShutdownError,
  SnoozeError,
} from './errors.js';

/** The event was not given to the handler: its class refuses its data. Not what a handler that emits such data throws. */
export class NotAccepted extends Error {
  constructor(readonly reason: RefusedDataError) {
    super(reason.message, { cause: reason });
  }
}

/** What became of one start of a handler. */
export type Outcome = { ok: true } | { ok: false; error: unknown };

/** What is to be done about its delivery. */
export type Settlement =
  | { kind: 'complete' }
  /** Marked in the handler's own transaction already. */
  | { kind: 'completed' }
  | { kind: 'retry'; error: unknown; delay: number }
  | { kind: 'bury'; error: unknown }
  | { kind: 'snooze'; until: Date }
  | { kind: 'cancel'; error: unknown }
  | { kind: 'release' }
  /** Somebody else's by now: nothing may be marked. */
  | { kind: 'abandon' };

export interface AttemptFacts {
  retry: RetryPolicy;
  /** Failed attempts before this one. */
  attempts: number;
  /** The handler's transaction marked success. */
  transactional: boolean;
  random: () => number;
}

/** Decides what an outcome means for the delivery; changes nothing. */
export function settle(outcome: Outcome, facts: AttemptFacts): Settlement {
  if (outcome.ok) return { kind: facts.transactional ? 'completed' : 'complete' };
  const { error } = outcome;
  if (error instanceof LeaseLostError) return { kind: 'abandon' };
  if (error instanceof ShutdownError) return { kind: 'release' };
  if (error instanceof DeliveryCancelledError) return { kind: 'cancel', error };
  if (error instanceof SnoozeError) return { kind: 'snooze', until: error.until };
  if (error instanceof NotAccepted) return { kind: 'bury', error: error.reason };
  if (error instanceof NonRetriableError || error instanceof PayloadPrunedError)
    return { kind: 'bury', error };
  const delay = retryDelay(facts.retry, facts.attempts + 1, facts.random);
  return delay === undefined ? { kind: 'bury', error } : { kind: 'retry', error, delay };
}

/** An error as it is kept with the delivery: its stack, or what can be said of a value that is no error. */
export function errorText(error: unknown, limit = 10_000): string {
  return causesOf(error)
    .map(described)
    .join('\nCaused by: ')
    .slice(0, limit)
    .toWellFormed()
    .replaceAll('\0', '\uFFFD');
}

function described(error: unknown): string {
  if (error instanceof Error) return error.stack ?? `${error.name}: ${error.message}`;
  return `Thrown: ${typeof error === 'string' ? error : safeJson(error)}`;
}

function safeJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}
