import { FollowerEventState } from '../store/followers/follower-events.js';
import { type FollowerRow, positionOf } from '../store/followers/follower-rows.js';
import type { StoredEvent } from '../store/ports/rows.js';
import type { Sql } from '../store/ports/sql.js';
import { FollowerPositionError } from './errors.js';
import type { FollowersParts } from './followers-parts.js';
import { hasAhead, LanesAhead } from './lanes.js';
import { fromOf } from './logs/followed-logs.js';
import { streamOf } from './upstreams.js';

/** Nothing is noted any more of what failed. */
export const CLEARED = {
  ...{ failed_position: null, attempts: 0, error: null, failed_at: null },
  ...{ retry_at: null, stopped_at: null, starts: 0, suspect_until: null },
};

/** Changes a follower in a transaction in which no pass of it is open. */
type Change = (work: (sql: Sql, row: FollowerRow) => Promise<unknown>) => Promise<void>;

/** Moves followers past events. What their log has to say is asked before anything is locked. */
export class Moves {
  constructor(private readonly parts: FollowersParts) {}

  /** Throws `FollowerPositionError`. */
  async skip(known: FollowerRow, position: number, change: Change): Promise<void> {
    const { events, logs, tracking } = this.parts;
    const { name } = known;
    const place = { from: position - 1, to: position, size: 1, groups: undefined };
    const log = logs.of(fromOf(known));
    const [event] = position > (await log.decided()) ? [] : (await log.page(place)).events;
    if (!event)
      throw new FollowerPositionError(name, position, 'there is no event. Give the position of one.');
    await change(async (sql, row) => {
      const noted = await events.at(sql, row, position);
      const isBehind = position <= positionOf(row) || (await this.isDone(sql, row, event));
      if (isBehind && noted?.state !== FollowerEventState.parked)
        throw new FollowerPositionError(name, position, 'its event was passed already. Nothing was changed.');
      const state = isBehind ? FollowerEventState.skipped : FollowerEventState.toSkip;
      const stream = noted?.stream ?? streamOf(event);
      await events.note(sql, row, {
        position,
        stream,
        state,
        attempts: noted?.attempts ?? 0,
        error: noted?.error ?? null,
      });
      if (isBehind) await events.release(sql, row, stream);
      if (row.failure?.position === position) await tracking.set(sql, row, CLEARED);
    });
  }

  /** Throws `FollowerPositionError`. */
  async moveTo(known: FollowerRow, position: number, change: Change): Promise<void> {
    const { logs, views } = this.parts;
    const from = fromOf(known);
    const last = from === undefined ? await views.last() : await logs.of(from).decided();
    if (position > last)
      throw new FollowerPositionError(
        known.name,
        position,
        `the log ends at ${last}. Events to come would be left out.`,
      );
    await change((sql, row) => this.place(sql, row, position));
  }

  private async place(sql: Sql, row: FollowerRow, position: number): Promise<void> {
    const { events, tracking } = this.parts;
    // What lanes have handled beyond that position stays handled, and what they have noted stays noted.
    const isForward = row.upstreams.every((one) => one.position <= position);
    if (!isForward) await tracking.lanes.replay(sql, row);
    await tracking.place(sql, row, position);
    await events.removeBehind(sql, row, position, isForward ? 'wishes' : 'all');
    await tracking.set(sql, row, CLEARED);
  }

  /** Whether a lane has handled it already. */
  private async isDone(sql: Sql, row: FollowerRow, event: StoredEvent): Promise<boolean> {
    if (!hasAhead(row)) return false;
    const places = await this.parts.tracking.lanes.read(sql, row);
    return new LanesAhead(places, fromOf(row)).isDone(event);
  }
}
