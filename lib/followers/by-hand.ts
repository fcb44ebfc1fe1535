import { FollowerEventState } from '../store/followers/follower-events.js';
import { type FollowerRow, positionOf } from '../store/followers/follower-rows.js';
import type { StoredEvent } from '../store/ports/rows.js';
import type { Sql } from '../store/ports/sql.js';
import { FollowerPositionError } from './errors.js';
import type { FollowersParts } from './followers-parts.js';
import { hasAhead, LanesAhead } from './lanes.js';
import { streamOf } from './upstreams.js';

type Parts = Pick<FollowersParts, 'events' | 'store' | 'tracking'>;

/** Nothing is noted any more of what failed. */
export const CLEARED = {
  ...{ failed_position: null, attempts: 0, error: null, failed_at: null },
  ...{ retry_at: null, stopped_at: null, starts: 0, suspect_until: null },
};

/** Within the change of a follower: leaves out the event at this position. Throws `FollowerPositionError`. */
export async function skipEvent(parts: Parts, sql: Sql, row: FollowerRow, position: number): Promise<void> {
  const { events, store, tracking } = parts;
  const [event] = await store.pageOn(sql, position - 1, position, undefined, 1);
  if (!event)
    throw new FollowerPositionError(row.name, position, 'there is no event. Give the position of one.');
  const noted = await events.at(sql, row, position);
  const isBehind = position <= positionOf(row) || (await isDone(parts, sql, row, event));
  if (isBehind && noted?.state !== FollowerEventState.parked)
    throw new FollowerPositionError(row.name, position, 'its event was passed already. Nothing was changed.');
  const state = isBehind ? FollowerEventState.skipped : FollowerEventState.toSkip;
  const { stream, attempts, error } = noted ?? { stream: streamOf(event), attempts: 0, error: null };
  await events.note(sql, row, { position, stream, state, attempts, error });
  if (isBehind) await events.release(sql, row, stream);
  if (row.failure?.position === position) await tracking.set(sql, row, CLEARED);
}

/** Within the change of a follower: it goes on behind this position. */
export async function moveFollower(
  { events, tracking }: Parts,
  sql: Sql,
  row: FollowerRow,
  position: number,
): Promise<void> {
  // What lanes have handled beyond that position stays handled, and what they have noted stays noted.
  const isForward = row.upstreams.every((one) => one.position <= position);
  if (!isForward) await tracking.lanes.replay(sql, row);
  await tracking.place(sql, row, position);
  await events.removeBehind(sql, row, position, isForward ? 'wishes' : 'all');
  await tracking.set(sql, row, CLEARED);
}

async function isDone({ tracking }: Parts, sql: Sql, row: FollowerRow, event: StoredEvent): Promise<boolean> {
  if (!hasAhead(row)) return false;
  return new LanesAhead(await tracking.lanes.read(sql, row)).isDone(event);
}
