import type { Interval, Suspension } from './evidence.js';

/** What of a process's journal says when its event loop stood still. */
export type JournalEntry = { at: number } & (
  { what: 'still'; from: number } | { what: 'made'; fault: string } | { what: string }
);

/**
 * When the event loop of a process stood still. It notes that when it goes on; one that ends before, since it was killed
 * while a handler blocked it, cannot: the block is the last that its journal has.
 */
export function standstills(entries: readonly JournalEntry[], ended: number): Interval[] {
  const noted = entries.flatMap((entry) => ('from' in entry ? [{ from: entry.from, to: entry.at }] : []));
  const last = entries.at(-1);
  const isBlocked = last !== undefined && 'fault' in last && last.fault === 'block';
  return isBlocked ? [...noted, { from: last.at, to: ended }] : noted;
}

/**
 * What a suspended process did first when it went on. That a handler was given its event is noted right before its start, and
 * logs are written at any time.
 */
export function beganBy(suspended: Interval, entries: readonly JournalEntry[]): Suspension {
  const first = entries.find(({ at, what }) => at >= suspended.to && what !== 'handed' && what !== 'log');
  return { ...suspended, began: first?.what === 'start' ? first.at : undefined };
}
