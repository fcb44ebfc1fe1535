import type { Database } from '../db/database.js';
import { chunks, marks, type Sql } from '../ports/sql.js';
import type { FollowerId } from './follower-rows.js';

/** `toSkip`: somebody asked for it, and no pass has come to it; `parked`: it failed, or waits behind one that did; `skipped`: it was given up. */
export const FollowerEventState = { toSkip: 0, parked: 1, skipped: 2 } as const;

type State = (typeof FollowerEventState)[keyof typeof FollowerEventState];

/** An event that a follower did not handle when it came to it. */
export interface FollowerEvent {
  readonly position: number;
  readonly stream: string;
  readonly state: State;
  /** Attempts that failed. */
  readonly attempts: number;
  readonly error: string | null;
}

interface Noted extends FollowerEvent {
  /** Milliseconds until it is tried again; undefined: not before those of its stream that are in front of it. */
  readonly retryIn?: number;
}

/** Streams in one statement. */
const MOST = 500;

const COLUMNS = [
  'follower',
  'version',
  'position',
  'stream',
  'state',
  'attempts',
  'error',
  'due_at',
  'noted_at',
] as const;

/** The events that followers parked, skipped, or are to skip. */
export class FollowerEvents {
  constructor(private readonly database: Database) {}

  /** Of these streams, those with parked events. */
  async parkedStreams(
    sql: Sql,
    { name, version }: FollowerId,
    streams: readonly string[],
  ): Promise<Set<string>> {
    const parked = new Set<string>();
    for (const some of chunks([...new Set(streams)], MOST)) {
      const rows = await sql.rows(
        `SELECT DISTINCT stream FROM ${this.table} WHERE follower = ? AND version = ? AND state = ${FollowerEventState.parked}
         AND stream IN (${marks(some.length)})`,
        [name, version, ...some],
      );
      for (const { stream } of rows) parked.add(stream as string);
    }
    return parked;
  }

  /** Positions behind `from` and up to `to` that are to be skipped. */
  async toSkip(sql: Sql, { name, version }: FollowerId, from: number, to: number): Promise<Set<number>> {
    const rows = await sql.rows(
      `SELECT position FROM ${this.table} WHERE follower = ? AND version = ? AND state = ${FollowerEventState.toSkip}
       AND position > ? AND position <= ?`,
      [name, version, from, to],
    );
    return new Set(rows.map(({ position }) => Number(position)));
  }

  /** The event at this position, where something is noted of it. */
  async at(sql: Sql, { name, version }: FollowerId, position: number): Promise<FollowerEvent | undefined> {
    const row = await sql.row(
      `SELECT position, stream, state, attempts, error FROM ${this.table} WHERE follower = ? AND version = ? AND position = ?`,
      [name, version, position],
    );
    return row && followerEvent(row);
  }

  /** The first parked event that is due; with `always`, the first that is put off, due or not. */
  async due(sql: Sql, { name, version }: FollowerId, always = false): Promise<FollowerEvent | undefined> {
    const time = this.database.time();
    const row = await sql.row(
      `SELECT position, stream, state, attempts, error FROM ${this.table}
       WHERE follower = ? AND version = ? AND state = ${FollowerEventState.parked} AND due_at ${always ? 'IS NOT NULL' : `<= ${time.sql}`}
       ORDER BY due_at, position LIMIT 1`,
      [name, version, ...(always ? [] : time.parameters)],
    );
    return row && followerEvent(row);
  }

  /** Replaces what is noted of it. */
  async note(sql: Sql, id: FollowerId, { retryIn, ...event }: Noted): Promise<void> {
    await this.remove(sql, id, event.position);
    const now = await this.now(sql);
    const due = retryIn === undefined ? null : now + Math.round(retryIn);
    const { position, stream, state, attempts, error } = event;
    await sql.change(`INSERT INTO ${this.table} (${COLUMNS.join(', ')}) VALUES (${marks(COLUMNS.length)})`, [
      id.name,
      id.version,
      position,
      stream,
      state,
      attempts,
      error,
      due,
      now,
    ]);
  }

  /** Forgets what is noted of it; false where nothing is. */
  async remove(sql: Sql, { name, version }: FollowerId, position: number): Promise<boolean> {
    const statement = `DELETE FROM ${this.table} WHERE follower = ? AND version = ? AND position = ?`;
    return (await sql.change(statement, [name, version, position])) > 0;
  }

  /** Nothing is noted any more of what is behind that position, or only no wish to skip any of it. */
  async removeBehind(
    sql: Sql,
    { name, version }: FollowerId,
    position: number,
    what: 'all' | 'wishes' = 'all',
  ): Promise<void> {
    const those = what === 'all' ? '' : ` AND state = ${FollowerEventState.toSkip}`;
    const statement = `DELETE FROM ${this.table} WHERE follower = ? AND version = ? AND position > ?${those}`;
    await sql.change(statement, [name, version, position]);
  }

  /** Nothing is noted any more of the events of one upstream: an application of aggregates, or `''` for all other events. */
  async removeOf(sql: Sql, { name, version }: FollowerId, upstream: string): Promise<void> {
    const { event } = this.database.tables;
    const own = upstream === '' ? 'e.stream IS NULL' : 'e.stream >= ? AND e.stream < ?';
    await sql.change(
      `DELETE FROM ${this.table} WHERE follower = ? AND version = ? AND position IN (SELECT e.position FROM ${event} e WHERE ${own})`,
      [name, version, ...(upstream === '' ? [] : [`${upstream}:`, `${upstream};`])],
    );
  }

  /** What was in front in the stream is gone: the next of it is due. */
  async release(sql: Sql, { name, version }: FollowerId, stream: string): Promise<void> {
    const row = await sql.row(
      `SELECT min(position) AS position FROM ${this.table} WHERE follower = ? AND version = ? AND stream = ? AND state = ${FollowerEventState.parked}`,
      [name, version, stream],
    );
    if (row?.position === null || row?.position === undefined) return;
    await sql.change(
      `UPDATE ${this.table} SET due_at = ? WHERE follower = ? AND version = ? AND position = ?`,
      [await this.now(sql), name, version, Number(row.position)],
    );
  }

  private async now(sql: Sql): Promise<number> {
    const time = this.database.time();
    return Number((await sql.row(`SELECT ${time.sql} AS now`, time.parameters))!.now);
  }

  private get table(): string {
    return this.database.tables.followerEvent;
  }
}

function followerEvent(row: Record<string, unknown>): FollowerEvent {
  return {
    position: Number(row.position),
    stream: row.stream as string,
    state: Number(row.state) as State,
    attempts: Number(row.attempts),
    error: row.error as string | null,
  };
}
