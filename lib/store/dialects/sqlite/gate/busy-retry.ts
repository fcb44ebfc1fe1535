import { setTimeout as sleep } from 'node:timers/promises';

/** What an attempt at a statement needs to be told about the world; a test gives its own. */
export interface BusyRetry {
  /** Milliseconds after which a lock of another process is reported. */
  limit: number;
  /** A number in [0, 1). */
  random(): number;
}

const FIRST_WAIT = 1;
const LONGEST_WAIT = 32;

/** Milliseconds to wait after the `failures`-th failure (1-based): growing, and varied so that two processes part. */
export function busyWait(failures: number, random: () => number): number {
  const wait = Math.min(FIRST_WAIT * 2 ** (failures - 1), LONGEST_WAIT);
  return wait * (0.5 + random());
}

/** Whether another process's lock is the cause, which goes away by waiting: a stale snapshot does not. */
export function isBusy(error: unknown): boolean {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' && code.startsWith('SQLITE_BUSY') && code !== 'SQLITE_BUSY_SNAPSHOT';
}

/**
 * Repeats `attempt` while the database is locked by another process, without blocking this one's event loop. Where the
 * first one succeeds at once, as nearly always, so does this: a promise costs as much as a small statement.
 */
export function retryWhileBusy<T>(attempt: () => T | Promise<T>, busy: BusyRetry): T | Promise<T> {
  const retry = (error: unknown) => retryAfter(error, attempt, busy);
  try {
    const result = attempt();
    return result instanceof Promise ? result.catch(retry) : result;
  } catch (error) {
    return retry(error);
  }
}

async function retryAfter<T>(
  failure: unknown,
  attempt: () => T | Promise<T>,
  { limit, random }: BusyRetry,
): Promise<T> {
  const deadline = performance.now() + limit;
  let error = failure;
  for (let failures = 1; isBusy(error) && performance.now() < deadline; failures += 1) {
    await sleep(busyWait(failures, random));
    try {
      return await attempt();
    } catch (next) {
      error = next;
    }
  }
  throw error;
}
