import type { Database } from '../db/database.js';
import { marks, type Sql } from '../ports/sql.js';
import type { FollowerId, FollowerRow } from './follower-rows.js';
import { LaneTable } from './lane-table.js';
import type { Stretch } from './stretch.js';

const NEW_UPSTREAM = ['follower', 'version', 'upstream', 'position', 'replay_until', 'revision'] as const;

/** Moves followers' positions: each of two passes over one stretch would do all of it again. */
export class Tracking {
  readonly lanes: LaneTable;

  constructor(private readonly database: Database) {
    this.lanes = new LaneTable(database);
  }

  /**
   * Moves the positions in the transaction of a pass, before anything else is done in it; others wait for its end. False
   * where somebody else has moved one of them, or has changed the follower since `revision` was read: then nothing of the
   * pass may be done, and its transaction has to be rolled back.
   */
  async move(
    sql: Sql,
    { name, version, revision }: Pick<FollowerRow, 'name' | 'version' | 'revision'>,
    { from, to, upstreams }: Stretch,
  ): Promise<boolean> {
    const moved = await sql.change(
      `UPDATE ${this.database.tables.followerPosition} SET position = ?
       WHERE follower = ? AND version = ? AND position = ? AND revision = ? AND upstream IN (${marks(upstreams.length)})`,
      [to, name, version, from, revision, ...upstreams],
    );
    return moved === upstreams.length;
  }

  /**
   * In the transaction of a lane, before anything else is done in it: other lanes may hold the follower, too, and whoever moves
   * or changes it waits for their ends. False where that was done since the round began: then nothing of the lane may be done.
   */
  async holds(sql: Sql, row: FollowerRow, of: readonly string[]): Promise<boolean> {
    const { name, version, revision, upstreams } = row;
    const { upstream, position } = upstreams.find((one) => of.includes(one.upstream))!;
    const { tables, dialect } = this.database;
    const held = await sql.row(
      `SELECT 1 AS held FROM ${tables.followerPosition}
       WHERE follower = ? AND version = ? AND upstream = ? AND position = ? AND revision = ? ${dialect.locks.forShare}`,
      [name, version, upstream, position, revision],
    );
    return held !== undefined;
  }

  /** Upstreams of which the follower has taken the first event, in the transaction of that pass. */
  async begin(
    sql: Sql,
    { name, version, revision, upstreams }: FollowerRow,
    added: readonly string[],
    at: number,
  ): Promise<void> {
    const insert = this.database.dialect.syntax.insertNew(
      this.database.tables.followerPosition,
      NEW_UPSTREAM,
    );
    const replayUntil = upstreams.find(({ upstream }) => upstream === '')?.replayUntil ?? 0;
    for (const upstream of added)
      await sql.change(insert, [name, version, upstream, at, replayUntil, revision]);
  }

  /**
   * Changes a follower: passes that have begun end first, and those that began before the change do not commit after it.
   * With `revision`, false where somebody else has changed it since that was read.
   */
  async changing(sql: Sql, { name, version }: FollowerId, revision?: number): Promise<boolean> {
    const since = revision === undefined ? [] : [revision];
    const changed = await sql.change(
      `UPDATE ${this.database.tables.followerPosition} SET revision = revision + 1
       WHERE follower = ? AND version = ?${revision === undefined ? '' : ' AND revision = ?'}`,
      [name, version, ...since],
    );
    return changed > 0;
  }

  /** In the transaction of a pass, or within `changing`. */
  async set(
    sql: Sql,
    { name, version }: FollowerId,
    values: Readonly<Record<string, number | string | null>>,
  ): Promise<void> {
    const columns = Object.keys(values);
    await sql.change(
      `UPDATE ${this.database.tables.follower} SET ${columns.map((column) => `${column} = ?`).join(', ')} WHERE name = ? AND version = ?`,
      [...Object.values(values), name, version],
    );
  }

  /** The time that rows are compared with, in epoch milliseconds. */
  async now(sql: Sql): Promise<number> {
    const time = this.database.time();
    return Number((await sql.row(`SELECT ${time.sql} AS now`, time.parameters))!.now);
  }

  /** Within `changing`: puts positions there, of one upstream or of all; what was handled behind that is replayed. */
  async place(sql: Sql, { name, version }: FollowerId, position: number, upstream?: string): Promise<void> {
    const those = upstream === undefined ? '' : ' AND upstream = ?';
    await sql.change(
      `UPDATE ${this.database.tables.followerPosition}
       SET replay_until = CASE WHEN replay_until > position THEN replay_until ELSE position END
       WHERE follower = ? AND version = ?${those}`,
      [name, version, ...(upstream === undefined ? [] : [upstream])],
    );
    await sql.change(
      `UPDATE ${this.database.tables.followerPosition} SET position = ? WHERE follower = ? AND version = ?${those}`,
      [position, name, version, ...(upstream === undefined ? [] : [upstream])],
    );
  }
}
