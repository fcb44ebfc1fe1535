import type { RefusedDataError } from '../../core/event-types.js';
import type { RetryPolicy } from '../../core/retry-policy.js';
import { retryDelay } from '../../core/retry-policy.js';
import type { HandlingResult } from '../../core/telemetry.js';
import { isInstance } from '../../core/thrown.js';
import { PayloadPrunedError } from '../../payload/errors.js';
import {
  DeliveryCancelledError,
  LeaseLostError,
  NonRetriableError,
  ShutdownError,
  SnoozeError,
} from '../errors.js';

/** The event was not given to the handler: its class refuses its data. Not what a handler that emits such data throws. */
export class NotAccepted extends Error {
  constructor(readonly reason: RefusedDataError) {
    super(reason.message, { cause: reason });
  }
}

/** The handler did not start: the transaction for it could not be begun. */
export class NotBegun extends Error {
  constructor(reason: unknown) {
    super('The transaction of the handler could not be begun', { cause: reason });
  }
}

/** Milliseconds until a handler that could not start has its next chance. */
const BEGIN_AGAIN = 1000;

/** How an attempt's handler ended. */
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
  /** Given back as it was, to be started again after `delay` milliseconds. */
  | { kind: 'release'; error?: unknown; delay: number }
  /** Somebody else's by now: nothing may be marked. */
  | { kind: 'abandon' };

export interface AttemptFacts {
  retry: RetryPolicy;
  /** Failed attempts before this one. */
  failures: number;
  /** The handler's transaction marked success. */
  transactional: boolean;
  /** Why the engine ended the attempt, when it did. */
  endedBy?: Error | undefined;
  random: () => number;
}

/** Decides what an outcome means for the delivery; changes nothing, and never throws. */
export function decide(outcome: Outcome, facts: AttemptFacts): Settlement {
  if (outcome.ok) return { kind: facts.transactional ? 'completed' : 'complete' };
  const { error } = outcome;
  // An attempt is a start of the handler: this was none, and uses up none.
  if (isInstance(error, NotBegun)) return { kind: 'release', error: error.cause, delay: BEGIN_AGAIN };
  return endedByEngine(error, facts.endedBy) ?? asHandlerAsks(error) ?? failed(error, facts);
}

/** What is told of an attempt to those who watch. */
export function resultOf(settlement: Settlement): HandlingResult {
  switch (settlement.kind) {
    case 'complete':
    case 'completed':
      return { outcome: 'succeeded' };
    case 'retry':
      return { outcome: 'retry', error: settlement.error };
    case 'bury':
      return { outcome: 'dead', error: settlement.error };
    case 'snooze':
      return { outcome: 'snoozed' };
    case 'cancel':
      return { outcome: 'cancelled' };
    case 'release':
      return { outcome: 'released' };
    case 'abandon':
      return { outcome: 'abandoned' };
  }
}

/**
 * A handler may throw errors of these classes as well, such as one that another delivery's attempt ended with: that is a
 * failure like any other, or the delivery would be given up under a lease that goes on.
 */
function endedByEngine(error: unknown, reason: Error | undefined): Settlement | undefined {
  if (!reason || error !== reason) return undefined;
  if (reason instanceof LeaseLostError) return { kind: 'abandon' };
  if (reason instanceof ShutdownError) return { kind: 'release', delay: 0 };
  return reason instanceof DeliveryCancelledError ? { kind: 'cancel', error } : undefined;
}

function asHandlerAsks(error: unknown): Settlement | undefined {
  const until = snoozedUntil(error);
  if (until) return { kind: 'snooze', until };
  if (isInstance(error, NotAccepted)) return { kind: 'bury', error: error.reason };
  const isHopeless = isInstance(error, NonRetriableError) || isInstance(error, PayloadPrunedError);
  return isHopeless ? { kind: 'bury', error } : undefined;
}

/** Undefined also where the error was tampered with: no database takes a time that is none. */
function snoozedUntil(error: unknown): Date | undefined {
  try {
    const time = error instanceof SnoozeError ? error.until.getTime() : NaN;
    return Number.isNaN(time) ? undefined : new Date(time);
  } catch {
    return undefined;
  }
}

function failed(error: unknown, { retry, failures, random }: AttemptFacts): Settlement {
  const delay = retryDelay(retry, failures + 1, random);
  return delay === undefined ? { kind: 'bury', error } : { kind: 'retry', error, delay };
}
