import { applicationOf, streamOfKey } from '../core/stream.js';
import type { FollowerRow } from '../store/followers/follower-rows.js';
import type { Stretch } from '../store/followers/stretch.js';
import type { StoredEvent } from '../store/ports/rows.js';

/** The upstream of an event: the other log that it is `from`, or else the application of its aggregate, or `''`. */
export function upstreamOf({ key }: Pick<StoredEvent, 'key'>, from?: string): string {
  if (from !== undefined) return from;
  const place = streamOfKey(key);
  return (place && applicationOf(place.name)) ?? '';
}

/** The upstreams of these events of which the follower has no row. */
export function newUpstreams(
  { upstreams }: Pick<FollowerRow, 'upstreams'>,
  events: readonly StoredEvent[],
  from: string | undefined,
): string[] {
  const known = new Set(upstreams.map(({ upstream }) => upstream));
  const all = new Set(events.map((event) => upstreamOf(event, from)));
  return [...all].filter((upstream) => !known.has(upstream));
}

/** The stream of which an event keeps others back where it is parked: its own where it has none. */
export function streamOf({ key, orderKey, position }: StoredEvent): string {
  return streamOfKey(key)?.name ?? orderKey ?? `#${position}`;
}

/**
 * What is to be passed next, up to the horizon: the upstreams that are behind all others catch up with the next of them
 * first. Undefined where nothing is to be passed.
 */
export function nextStretch(
  { upstreams }: Pick<FollowerRow, 'upstreams'>,
  horizon: number,
): Stretch | undefined {
  const places = [...new Set(upstreams.map(({ position }) => position))].sort((a, b) => a - b);
  const [from, next = Infinity] = places;
  const to = Math.min(next, horizon);
  if (from === undefined || to <= from) return undefined;
  return {
    from,
    to,
    upstreams: upstreams.filter(({ position }) => position === from).map(({ upstream }) => upstream),
  };
}

/** Whether the event is passed in a stretch: what no row is kept of goes with `''`. */
export function isIn(
  { upstreams }: Pick<Stretch, 'upstreams'>,
  upstream: string,
  known: FollowerRow,
): boolean {
  if (upstreams.includes(upstream)) return true;
  return upstreams.includes('') && !known.upstreams.some((one) => one.upstream === upstream);
}

/** Whether it had been handled before the follower was reset, or is handled by the version that is active. */
export function isReplayed({ upstreams, active }: FollowerRow, upstream: string, position: number): boolean {
  if (active) return true;
  const own =
    upstreams.find((one) => one.upstream === upstream) ?? upstreams.find((one) => one.upstream === '');
  return position <= (own?.replayUntil ?? 0);
}
