const FIRST = 1000;
const LONGEST = 300_000;

/**
 * Milliseconds until the next attempt: 1 s, 2 s, … up to 5 min, of which a random half is taken off so that pages do not
 * come back all at once; never before the server asks for it.
 *
 * @param failures in a row, from 1
 * @param random from 0 to 1
 */
export function retryDelay(failures: number, retryAfter: number, random: number): number {
  const backoff = Math.min(LONGEST, FIRST * 2 ** (failures - 1)) * (1 - random / 2);
  return Math.max(backoff, retryAfter);
}
