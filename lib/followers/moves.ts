import { FollowerEventState } from '../store/followers/follower-events.js';
import { type FollowerRow, positionOf } from '../store/followers/follower-rows.js';
import type { Sql } from '../store/ports/sql.js';
import { FollowerPositionError } from './errors.js';
import type { FollowersParts } from './followers-parts.js';
import { fromOf } from './logs/followed-logs.js';
import { streamOf } from './upstreams.js';

const CLEARED = {
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
      const isBehind = position <= positionOf(row);
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
    const { events, logs, tracking, views } = this.parts;
    const from = fromOf(known);
    const last = from === undefined ? await views.last() : await logs.of(from).decided();
    if (position > last)
      throw new FollowerPositionError(
        known.name,
        position,
        `the log ends at ${last}. Events to come would be left out.`,
      );
    await change(async (sql, row) => {
      await tracking.place(sql, row, position);
      await events.removeBehind(sql, row, position);
      await tracking.set(sql, row, CLEARED);
    });
  }
}
