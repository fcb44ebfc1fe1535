import type { Database } from '../db/database.js';
import { marks, type Sql, tuples } from '../ports/sql.js';
import type { FollowerId } from './follower-rows.js';
import type { Stretch } from './stretch.js';

const COLUMNS = [
  'follower',
  'version',
  'upstream',
  'replayed',
  'lane',
  'lanes',
  'up_to',
  'position',
] as const;

/** How far a lane has come in one upstream. */
export interface LanePlace {
  readonly upstream: string;
  /** It had come there before the follower was reset. */
  readonly isReplayed: boolean;
  readonly lane: number;
  /** Lanes of its round: they say which streams are its own. */
  readonly lanes: number;
  /** The end of its round. */
  readonly upTo: number;
  readonly position: number;
}

/** How far the lanes of a round have gone beyond the position of their follower, until that has come to the end of the round. */
export class LaneTable {
  constructor(private readonly database: Database) {}

  /** Within `Tracking.changing`: a round begins with these of so many lanes. */
  async begin(
    sql: Sql,
    { name, version }: FollowerId,
    { from, to, upstreams }: Stretch,
    numbers: readonly number[],
    lanes: number,
  ): Promise<void> {
    await this.insert(
      sql,
      { name, version },
      upstreams.flatMap((upstream) =>
        numbers.map((lane) => ({ upstream, isReplayed: false, lane, lanes, upTo: to, position: from })),
      ),
    );
  }

  /** Moves a lane in its transaction. False where somebody else has: then nothing of it may be done. */
  async move(
    sql: Sql,
    { name, version }: FollowerId,
    lane: number,
    { from, to, upstreams }: Stretch,
  ): Promise<boolean> {
    const moved = await sql.change(
      `UPDATE ${this.table} SET position = ?
       WHERE follower = ? AND version = ? AND upstream IN (${marks(upstreams.length)}) AND replayed = 0 AND lane = ? AND position = ?`,
      [to, name, version, ...upstreams, lane, from],
    );
    return moved === upstreams.length;
  }

  async read(sql: Sql, { name, version }: FollowerId): Promise<LanePlace[]> {
    const rows = await sql.rows(
      `SELECT ${COLUMNS.join(', ')} FROM ${this.table} WHERE follower = ? AND version = ?`,
      [name, version],
    );
    return rows.map((row) => ({
      upstream: row.upstream as string,
      isReplayed: Number(row.replayed) === 1,
      lane: Number(row.lane),
      lanes: Number(row.lanes),
      upTo: Number(row.up_to),
      position: Number(row.position),
    }));
  }

  /** Forgets what the follower has gone beyond; or only its last round. */
  async clear(sql: Sql, { name, version }: FollowerId, what: 'all' | 'round' = 'all'): Promise<void> {
    const those = what === 'all' ? '' : ' AND replayed = 0';
    await sql.change(`DELETE FROM ${this.table} WHERE follower = ? AND version = ?${those}`, [name, version]);
  }

  /**
   * Within the reset of one upstream, or of all: what lanes have handled there is to be handled again, as replayed. What they had
   * handled before an earlier reset reaches further than what they have since.
   */
  async replay(sql: Sql, id: FollowerId, upstream?: string): Promise<void> {
    const places = (await this.read(sql, id)).filter(
      (place) => upstream === undefined || place.upstream === upstream,
    );
    const known = new Set(places.filter(({ isReplayed }) => isReplayed).map((place) => place.upstream));
    for (const one of new Set(places.map((place) => place.upstream))) {
      const what = known.has(one) ? 'DELETE FROM' : 'UPDATE';
      const set = known.has(one) ? '' : ' SET replayed = 1';
      await sql.change(
        `${what} ${this.table}${set} WHERE follower = ? AND version = ? AND upstream = ? AND replayed = 0`,
        [id.name, id.version, one],
      );
    }
  }

  /** A version takes the place of another, whose lanes have acted on what lies before it: it does not act on that again. */
  async handOver(sql: Sql, from: FollowerId, to: FollowerId): Promise<void> {
    const places = await this.read(sql, from);
    if (places.length === 0) return;
    await sql.change(`DELETE FROM ${this.table} WHERE follower = ? AND version = ? AND replayed = 1`, [
      to.name,
      to.version,
    ]);
    // As `replay` has it, for each upstream.
    const known = new Set(places.filter(({ isReplayed }) => isReplayed).map((place) => place.upstream));
    const handed = places.filter(({ isReplayed, upstream }) => isReplayed || !known.has(upstream));
    await this.insert(
      sql,
      to,
      handed.map((place) => ({ ...place, isReplayed: true })),
    );
  }

  private async insert(sql: Sql, { name, version }: FollowerId, places: readonly LanePlace[]): Promise<void> {
    await sql.change(
      `INSERT INTO ${this.table} (${COLUMNS.join(', ')}) VALUES ${tuples(places.length, COLUMNS.length)}`,
      places.flatMap(({ upstream, isReplayed, lane, lanes, upTo, position }) => [
        ...[name, version, upstream, isReplayed ? 1 : 0, lane, lanes],
        ...[upTo, position],
      ]),
    );
  }

  private get table(): string {
    return this.database.tables.followerLane;
  }
}
