import type { DeliveryId } from '../ports/delivery-ids.js';
import { DEFAULT_RANK, type KnownHandler } from './known-handler.js';
import type { HandlerTarget } from '../ports/rows.js';

/** Handlers as the targets of one event: those of higher ranks are put off for those of lower ones. */
export function targetsAmong(handlers: readonly KnownHandler[], lease: number): HandlerTarget[] {
  const ranks = new Set(handlers.filter(isWaitedFor).map(({ rank }) => rank));
  return handlers.map(({ id, rank, ordered }) => {
    const wait = ordered ? 0 : waitBehind(rank, ranks, lease);
    return { id, rank, ordered, ...(wait > 0 ? { wait } : {}) };
  });
}

/**
 * Nobody waits for a handler that is paused. One that is ordered neither waits nor is waited for: what it is given is
 * held back by other events, and holds back others.
 */
export function isWaitedFor({ paused, ordered }: KnownHandler): boolean {
  return !paused && !ordered;
}

/** A lease for each rank below, so that one which hangs holds nobody up for longer; one in all off the event's class. */
function waitBehind(rank: number, ranks: ReadonlySet<number>, lease: number): number {
  let below = 0;
  for (const other of ranks) if (other < rank) below++;
  return lease * (rank < DEFAULT_RANK ? below : Math.min(below, 1));
}

/** An open delivery whose handler was not started yet, or runs for the first time. */
export interface Unattempted extends DeliveryId {
  rank: number;
  running: boolean;
  /** Milliseconds until it is due, 0 or less when it is. */
  dueIn: number;
}

/**
 * Those whose turn it is: put off, and of the lowest rank of their event that is left. One that has been due for a lease
 * counts no more: nobody waits longer for it.
 */
export function promotable(deliveries: readonly Unattempted[], lease: number): Unattempted[] {
  const lowest = new Map<number, number>();
  for (const { position, rank, dueIn } of deliveries) {
    if (dueIn > -lease) lowest.set(position, Math.min(rank, lowest.get(position) ?? rank));
  }
  return deliveries.filter(
    ({ position, rank, running, dueIn }) => !running && dueIn > 0 && rank === lowest.get(position),
  );
}
