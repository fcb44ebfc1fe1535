import { type FollowerEvents, FollowerEventState } from '../store/followers/follower-events.js';
import type { FollowerRow } from '../store/followers/follower-rows.js';
import type { Stretch } from '../store/followers/stretch.js';
import type { StoredEvent } from '../store/ports/rows.js';
import type { Sql } from '../store/ports/sql.js';

export type Held = typeof FollowerEventState.skipped | typeof FollowerEventState.parked;

/** How an event of the stretch is set aside: it is to be skipped, or waits behind a parked one. Undefined: it is to be handled. */
export async function heldBack(
  noted: FollowerEvents,
  sql: Sql,
  row: FollowerRow,
  { from, to }: Stretch,
  events: readonly StoredEvent[],
  streamOf: (event: StoredEvent) => string,
): Promise<(event: StoredEvent) => Held | undefined> {
  const toSkip = row.toSkip > 0 ? await noted.toSkip(sql, row, from, to) : undefined;
  const parked = row.parked > 0 ? await noted.parkedStreams(sql, row, events.map(streamOf)) : undefined;
  return (event) => {
    if (toSkip?.has(event.position)) return FollowerEventState.skipped;
    return parked?.has(streamOf(event)) ? FollowerEventState.parked : undefined;
  };
}

/** Notes an event that is not to be handled now; whether it is one. */
export async function setAside(
  noted: FollowerEvents,
  sql: Sql,
  row: FollowerRow,
  { position }: StoredEvent,
  { state, stream }: { state: Held | undefined; stream: string },
): Promise<boolean> {
  if (state === undefined) return false;
  await noted.note(sql, row, { position, stream, state, attempts: 0, error: null });
  return true;
}
