import type { Database } from '../db/database.js';
import type { Sql } from '../ports/sql.js';
import { ActiveVersions } from './active-versions.js';
import { type FollowerId, type FollowerRow, followerRows, type NewFollower } from './follower-rows.js';
import { FollowerEventState } from './follower-events.js';

const INSERTED = ['name', 'version', 'seen_at'] as const;
const FIRST_POSITION = ['follower', 'version', 'upstream', 'position', 'replay_until'] as const;

/** Which followers there are, how far each has come, and who owns it. */
export class FollowerTable {
  readonly actives: ActiveVersions;

  constructor(private readonly database: Database) {
    this.actives = new ActiveVersions(database);
  }

  /**
   * Makes rows for those that have none. A further version of a follower replays what the one before it has handled; the first of
   * all is the active one.
   */
  async register(ids: readonly NewFollower[]): Promise<void> {
    const { tables, dialect } = this.database;
    const { now, insertNew } = dialect.syntax;
    const missing = await this.missing(ids);
    const names = ids.map(({ name }) => name).sort();
    const isKnown = missing.length === 0 && (await this.actives.areKnown(names));
    if (isKnown) return;
    await this.database.transaction(async (sql) => {
      for (const { name, version, from = '' } of missing) {
        const row = await sql.row(
          `SELECT max(p.position) AS reached FROM ${tables.followerPosition} p WHERE p.follower = ? AND p.version < ?`,
          [name, version],
        );
        const seen = await sql.row<{ now: unknown }>(`SELECT ${now} AS now`);
        await sql.change(insertNew(tables.follower, INSERTED), [name, version, Number(seen!.now)]);
        const first = [name, version, from, 0, Number(row?.reached ?? 0)];
        await sql.change(insertNew(tables.followerPosition, FIRST_POSITION), first);
      }
      for (const name of names) await this.actives.begin(sql, name);
    });
  }

  /** In one order in all processes, which start at once: an insert that finds the row locks it, too. */
  private async missing(ids: readonly NewFollower[]): Promise<NewFollower[]> {
    const known = await this.look(ids);
    return ids
      .filter(({ name, version }) => !known.some((row) => row.name === name && row.version === version))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Those of them that have rows; all there are where none are named. Ordered by name and version. */
  async look(ids?: readonly FollowerId[]): Promise<FollowerRow[]> {
    if (ids?.length === 0) return [];
    return this.database.run((sql) => this.lookOn(sql, ids));
  }

  async lookOn(sql: Sql, ids?: readonly FollowerId[]): Promise<FollowerRow[]> {
    const time = this.database.time();
    const those = ids ? `WHERE ${oneOf(ids, 'f.')}` : '';
    const rows = await sql.rows(
      `${this.selection(time.sql)} ${those} ORDER BY f.name, f.version, p.upstream`,
      [
        ...time.parameters,
        ...time.parameters,
        ...(ids ?? []).flatMap(({ name, version }) => [name, version]),
      ],
    );
    return followerRows(rows);
  }

  /** SQL: all that is known of followers, a row for each upstream. */
  private selection(time: string): string {
    const { tables } = this.database;
    const { parked, toSkip, skipped } = FollowerEventState;
    const events = (what: string, state: number, of = 'f') =>
      `(SELECT ${what} FROM ${tables.followerEvent} e WHERE e.follower = ${of}.name AND e.version = ${of}.version AND e.state = ${state})`;
    const ahead = (replayed: number) =>
      `(SELECT max(l.up_to) FROM ${tables.followerLane} l WHERE l.follower = f.name AND l.version = f.version AND l.replayed = ${replayed})`;
    return `SELECT f.name, f.version, f.owner, f.paused_at, f.stopped_at, f.starts, f.suspect_until, f.failed_position, f.attempts,
         f.error, f.failed_at, f.retry_at - ${time} AS retry_in, p.upstream, p.position, p.replay_until, p.revision,
         ${this.held('f')} AS lease_held, ${ahead(0)} AS ahead_done, ${ahead(1)} AS ahead_replayed,
         ${events('count(*)', parked)} AS parked, ${events('count(*)', toSkip)} AS to_skip, ${events('count(*)', skipped)} AS skipped,
         ${events(`min(e.due_at)`, parked)} - ${time} AS parked_due_in,
         a.version AS active_version, a.highest AS active_highest, af.paused_at AS active_paused_at, ${this.held('af')} AS active_held,
         ${events('count(*)', parked, 'af')} AS active_parked,
         (SELECT max(CASE WHEN ap.replay_until > ap.position THEN ap.replay_until ELSE ap.position END)
          FROM ${tables.followerPosition} ap WHERE ap.follower = af.name AND ap.version = af.version) AS active_front
       FROM ${tables.follower} f JOIN ${tables.followerPosition} p ON p.follower = f.name AND p.version = f.version
       LEFT JOIN ${tables.followerActive} a ON a.name = f.name
       LEFT JOIN ${tables.follower} af ON af.name = a.name AND af.version = a.version AND a.version <> f.version`;
  }

  /** SQL: 1 where the owner of that row lives, else NULL. */
  private held(of: string): string {
    const { tables, dialect } = this.database;
    return `(SELECT 1 FROM ${tables.worker} w WHERE w.id = ${of}.owner AND w.lease_until >= ${dialect.syntax.now})`;
  }

  /**
   * Takes a follower that nobody owns, or whose owner's lease has lapsed: then a pass may have been under way that its
   * process did not survive. False where somebody else was quicker.
   */
  async claim({ name, version, owner }: FollowerRow, workerId: number): Promise<boolean> {
    const { tables } = this.database;
    const isOwner = owner === undefined ? 'owner IS NULL' : 'owner = ?';
    const starts = owner === undefined ? '' : ', starts = CASE WHEN starts = 0 THEN 1 ELSE starts END';
    const changed = await this.database.run((sql) =>
      sql.change(
        `UPDATE ${tables.follower} SET owner = ?${starts} WHERE name = ? AND version = ? AND ${isOwner}`,
        [workerId, name, version, ...(owner === undefined ? [] : [owner])],
      ),
    );
    return changed > 0;
  }

  /** Gives up all that is owned under this lease. */
  async release(workerId: number): Promise<void> {
    await this.database.run((sql) =>
      sql.change(`UPDATE ${this.database.tables.follower} SET owner = NULL WHERE owner = ?`, [workerId]),
    );
  }

  /** A pass is about to start under suspicion: it goes up to there. Outside of the pass, so that it stays when the process dies. */
  async started({ name, version }: FollowerId, starts: number, until: number): Promise<void> {
    await this.database.run((sql) =>
      sql.change(
        `UPDATE ${this.database.tables.follower} SET starts = ?, suspect_until = ? WHERE name = ? AND version = ?`,
        [starts, until, name, version],
      ),
    );
  }

  /** Some process has these still. */
  async heartbeat(ids: readonly FollowerId[]): Promise<void> {
    if (ids.length === 0) return;
    const { tables, dialect } = this.database;
    const beat = () =>
      this.database.run((sql) =>
        sql.change(
          `UPDATE ${tables.follower} SET seen_at = ${dialect.syntax.now} WHERE ${oneOf(ids)}`,
          ids.flatMap(({ name, version }) => [name, version]),
        ),
      );
    await this.database.retrying(beat);
  }

  /** Forgets one version, and all that is noted of it. */
  async remove(sql: Sql, { name, version }: FollowerId): Promise<void> {
    const { tables } = this.database;
    for (const [table, column] of [
      [tables.followerLane, 'follower'],
      [tables.followerEvent, 'follower'],
      [tables.followerPosition, 'follower'],
      [tables.follower, 'name'],
    ] as const)
      await sql.change(`DELETE FROM ${table} WHERE ${column} = ? AND version = ?`, [name, version]);
  }

  /** The versions of one follower that have rows, the first first. */
  async versionsOf(name: string): Promise<number[]> {
    return this.database.run((sql) => this.versionsOn(sql, name));
  }

  async versionsOn(sql: Sql, name: string): Promise<number[]> {
    const statement = `SELECT version FROM ${this.database.tables.follower} WHERE name = ? ORDER BY version`;
    return (await sql.rows(statement, [name])).map(({ version }) => Number(version));
  }
}

/** SQL: the row is of one of these, whose names and versions are the parameters. */
function oneOf(ids: readonly FollowerId[], alias = ''): string {
  return ids.map(() => `(${alias}name = ? AND ${alias}version = ?)`).join(' OR ');
}
