import type { FollowerRow } from '../store/followers/follower-rows.js';
import { positionOf } from '../store/followers/follower-rows.js';

/** On whose word a version may become the active one: its own where it is new, else somebody's; `'force'`: whatever the active one has parked. */
export type Wish = 'asked' | 'force' | undefined;

/** A version that is on its way to become the active one by itself: a higher one than ever was. */
export function isRebuilding({ version, active }: Pick<FollowerRow, 'version' | 'active'>): boolean {
  return active !== undefined && version > active.highest;
}

/** Up to where a version may go: one that is not active stays behind the one that is, so that each event is acted on by one of them. */
export function boundOf({ active }: Pick<FollowerRow, 'active'>, horizon: number): number {
  return active ? Math.min(active.front, horizon) : horizon;
}

/** Whether it has come as far as the active one and nothing keeps it from taking its place. */
export function mayTakeOver(row: FollowerRow, wish?: Wish): boolean {
  const { active } = row;
  if (!active || (!isRebuilding(row) && wish === undefined)) return false;
  return positionOf(row) >= active.front && obstacleOf(row, wish) === undefined;
}

/** What keeps it from taking the active version's place, though it has come as far, in words. */
export function obstacleOf(row: FollowerRow, wish?: Wish): string | undefined {
  const { active, isPaused, isStopped, failure, parked } = row;
  if (isPaused || active?.isPaused) return 'the follower is paused';
  if (isStopped) return 'it has stopped at an event that failed';
  if (failure) return 'an event failed and is tried again';
  if (parked > 0) return `it keeps back ${parked} events that failed or wait behind one that did`;
  if (active && active.parked > 0 && wish !== 'force')
    return `version ${active.version} keeps back ${active.parked} events: what it has not collected for them would be left out`;
  return undefined;
}
