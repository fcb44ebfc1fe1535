import { crc32 } from 'node:zlib';
import type { FollowerRow } from '../store/followers/follower-rows.js';
import { positionOf } from '../store/followers/follower-rows.js';
import type { LanePlace } from '../store/followers/lane-table.js';
import type { StoredEvent } from '../store/ports/rows.js';
import { streamOf, upstreamOf } from './upstreams.js';

type Event = Pick<StoredEvent, 'key' | 'orderKey' | 'position'>;

/** The lane of an event, of so many. Rows say how far a lane has come, so that the hash stays for ever. */
export function laneOf(event: Event, lanes: number): number {
  return crc32(streamOf(event as StoredEvent)) % lanes;
}

/** Events by their lanes, each in its order; lanes that have none are left out. */
export function divided<T extends Event>(events: readonly T[], lanes: number): Map<number, T[]> {
  const all = new Map<number, T[]>();
  for (const event of events) {
    const lane = laneOf(event, lanes);
    const own = all.get(lane);
    if (own) own.push(event);
    else all.set(lane, [event]);
  }
  return all;
}

/** Whether lanes may have gone beyond the position, so that their rows have to be read. */
export function hasAhead(row: Pick<FollowerRow, 'ahead' | 'upstreams'>): boolean {
  return row.ahead !== undefined && Math.max(row.ahead.done, row.ahead.replayed) > positionOf(row);
}

/** What lanes have handled beyond the position of their follower. */
export class LanesAhead {
  static readonly none = new LanesAhead([]);

  constructor(
    private readonly places: readonly LanePlace[],
    /** The other log that the follower follows; undefined: its own. */
    private readonly from?: string,
  ) {}

  /** A lane has handled it: it is not to be handled again. */
  isDone(event: Event): boolean {
    return this.reaches(event, false);
  }

  /** A lane had handled it before the follower was reset, or was a version that this one has replaced. */
  isReplayed(event: Event): boolean {
    return this.reaches(event, true);
  }

  private reaches(event: Event, isReplayed: boolean): boolean {
    if (this.places.length === 0) return false;
    const upstream = upstreamOf(event, this.from);
    return this.places.some(
      (place) =>
        place.isReplayed === isReplayed &&
        place.upstream === upstream &&
        place.position >= event.position &&
        place.lane === laneOf(event, place.lanes),
    );
  }
}
