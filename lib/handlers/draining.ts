import { settledWithin } from '../runtime/deadline.js';

/** Milliseconds that shutdown waits for aborted runs to be given back; after that the end of the lease does it. */
export const GIVE_BACK_LIMIT = 5000;

/** What a worker that claims no more still has under way. */
export interface UnderWay {
  /** Resolves when nothing runs or is being marked. */
  idle: Promise<unknown>;
  /** Aborts the handlers that still run. */
  abort(): void;
  /** Resolves when the results of handlers that ended by themselves are marked. */
  marked(): Promise<unknown>;
  /** The database cannot be reached. */
  isAway(): boolean;
}

/**
 * Waits for handlers up to `limit` milliseconds, and for those that are aborted then to be given back. What ended by itself
 * has as long again to be marked: it would run a second time, though its process and the database were there all along.
 */
export async function drained(work: UnderWay, limit: number): Promise<void> {
  if (await settledWithin(work.idle, limit)) return;
  work.abort();
  if (await settledWithin(work.idle, GIVE_BACK_LIMIT)) return;
  if (!work.isAway()) await settledWithin(work.marked(), limit);
}

/** Milliseconds that `drained` takes at most. */
export function longestDrain(limit: number): number {
  return 2 * limit + GIVE_BACK_LIMIT;
}
