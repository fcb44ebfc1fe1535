import { PRUNED } from '../../core/stored-payload.js';
import type { Database } from '../db/database.js';
import type { HandlerRegistry } from '../registry/handler-registry.js';
import type { PrunedBatch } from './prune-deliveries.js';
import { marks, optionalNumber, type Sql } from '../ports/sql.js';
import { FAN_OUT, Position } from '../db/position.js';
import { type SweepState, SweepStateStore } from './sweep-state.js';

/** Milliseconds after which what was kept for now is looked at again. */
const LOOK_BACK_AFTER = 86_400_000;

/** Milliseconds for which a follower that no process has any more holds up retention. */
const FOLLOWER_EXPIRY = 7 * 86_400_000;

/** What a sweep removes of an event that is old enough and needed no more. */
interface Removal {
  name: string;
  /** SQL: the event `e` has what is removed, and may ever lose it. */
  applies: string;
  /** The newest event is spared: it tells how far positions were given out. */
  sparesNewest: boolean;
  remove(
    sql: Sql,
    database: Database,
    positions: readonly number[],
    handlerIds: readonly number[],
  ): Promise<void>;
}

/** Nothing of a stream: aggregates are made of it. */
export const PAYLOAD: Removal = {
  name: 'payload_retention',
  applies: 'e.stream IS NULL AND (e.payload IS NOT NULL OR e.payload_bytes IS NOT NULL)',
  sparesNewest: false,
  async remove(sql, { tables }, positions) {
    await sql.change(
      `UPDATE ${tables.event} SET payload = NULL, payload_bytes = NULL, encoding = '${PRUNED}'
       WHERE position IN (${marks(positions.length)})`,
      positions,
    );
  },
};

export const EVENT: Removal = {
  name: 'event_retention',
  applies: 'e.stream IS NULL',
  sparesNewest: true,
  async remove(sql, { tables }, positions, handlerIds) {
    const these = `position IN (${marks(positions.length)})`;
    if (handlerIds.length > 0) {
      await sql.change(
        `DELETE FROM ${tables.finished} WHERE handler_id IN (${marks(handlerIds.length)}) AND ${these}`,
        [...handlerIds, ...positions],
      );
    }
    await sql.change(`DELETE FROM ${tables.tag} WHERE ${these}`, positions);
    await sql.change(`DELETE FROM ${tables.event} WHERE ${these}`, positions);
  },
};

/** A page of the log up to its last event that is old enough. */
interface Page {
  upTo: number;
  /** What may go, as far as the events alone can tell. */
  candidates: number[];
  /** What is too young, though something behind it is old enough: hosts' clocks differ. */
  young: number[];
  end: boolean;
}

/**
 * Passes over the log in its order, a batch at a time, and removes what is old and needed no more. It never needs an
 * index on times, since positions and times rise together. What is kept because a delivery is open or dead is noted,
 * and looked at again a day later.
 */
export class EventSweep {
  private readonly states: SweepStateStore;

  constructor(
    private readonly database: Database,
    private readonly registry: HandlerRegistry,
    private readonly removal: Removal,
    private readonly batchSize: number,
    /** Epoch milliseconds. */
    private readonly now: number,
  ) {
    this.states = new SweepStateStore(database, removal.name);
  }

  /** Puts the cursor back to what was kept, when it is time to look at that again. */
  async lookBack(): Promise<void> {
    const state = await this.database.run((sql) => this.states.read(sql));
    if (state.kept === 0 || this.now < state.lookBackAt) return;
    await this.database.transaction(async (sql) => {
      if (await this.states.move(sql, state, state.kept - 1))
        await this.states.note(sql, { ...state, kept: 0 });
    });
  }

  /** Of events that were recorded longer ago than `age` milliseconds. */
  async prune(age: number): Promise<PrunedBatch> {
    const { state, page } = await this.database.run(async (sql) => {
      const state = await this.states.read(sql);
      return { state, page: await this.page(sql, state.cursor, this.now - age) };
    });
    if (!page) return { pruned: 0, done: true };
    const pruned = await this.work(page, (sql) => this.removeWhatIsFree(sql, state, page));
    return { pruned, done: page.end };
  }

  /**
   * In a transaction. Where something may be removed, it has the lock of the registry: no fan-out goes on meanwhile, and
   * no backfill begins or goes on.
   */
  private async work({ candidates }: Page, work: (sql: Sql) => Promise<number>): Promise<number> {
    if (candidates.length === 0) return this.database.transaction(work);
    let pruned = 0;
    await this.registry.changing(async (sql) => {
      pruned = await work(sql);
      return false;
    });
    return pruned;
  }

  private async removeWhatIsFree(sql: Sql, state: SweepState, page: Page): Promise<number> {
    // A backfill may have begun since the page was read.
    const upTo = Math.min(page.upTo, await this.bound(sql));
    if (!(await this.states.move(sql, state, Math.max(upTo, state.cursor)))) return 0;
    const candidates = page.candidates.filter((position) => position <= upTo);
    const handlerIds = this.registry.known.map(({ id }) => id);
    const free = await this.free(sql, candidates, handlerIds);
    if (free.length > 0) await this.removal.remove(sql, this.database, free, handlerIds);
    const gone = new Set(free);
    const kept = [...candidates, ...page.young].filter((position) => position <= upTo && !gone.has(position));
    await this.states.note(sql, {
      // What was kept before is lower.
      kept: state.kept || (kept.length > 0 ? Math.min(...kept) : 0),
      lookBackAt: state.kept === 0 ? this.now + LOOK_BACK_AFTER : state.lookBackAt,
    });
    return free.length;
  }

  private async page(sql: Sql, after: number, before: number): Promise<Page | undefined> {
    const upTo = await this.bound(sql);
    const rows = await sql.rows(
      `SELECT e.position, e.recorded_at, CASE WHEN ${this.removal.applies} THEN 1 ELSE 0 END AS applies
       FROM ${this.database.tables.event} e WHERE e.position > ? AND e.position <= ? ORDER BY e.position LIMIT ?`,
      [after, upTo, this.batchSize],
    );
    const events = rows.map((row) => ({
      position: Number(row.position),
      isOld: Number(row.recorded_at) < before,
      applies: Number(row.applies) === 1,
    }));
    const lastOld = events.findLastIndex(({ isOld }) => isOld);
    if (lastOld < 0) return undefined;
    const seen = events.slice(0, lastOld + 1).filter(({ applies }) => applies);
    const positions = (isOld: boolean) =>
      seen.filter((event) => event.isOld === isOld).map(({ position }) => position);
    return {
      upTo: events[lastOld]!.position,
      candidates: positions(true),
      young: positions(false),
      end: rows.length < this.batchSize || lastOld < rows.length - 1,
    };
  }

  /** The position up to which every delivery was created: fan-out has passed it, and no backfill under way will. */
  private async bound(sql: Sql): Promise<number> {
    const passed = await new Position(this.database, FAN_OUT).read(sql);
    const row = await sql.row(`SELECT max(position) AS newest FROM ${this.database.tables.event}`);
    const fills = this.registry.known
      .flatMap(({ patterns }) => patterns)
      .flatMap(({ coverage: { active, fill } }) => (active && fill ? [fill.cursor] : []));
    const spared = this.removal.sparesNewest ? [Number(row!.newest ?? 0) - 1] : [];
    return Math.min(passed, ...spared, ...fills, ...(await this.followed(sql)));
  }

  /** Where followers have come that some process has had lately, and what they have parked. */
  private async followed(sql: Sql): Promise<number[]> {
    const { tables, dialect } = this.database;
    // Of its own log every follower has the upstream ''; positions of another log are none of this one.
    const follows = `EXISTS (SELECT 1 FROM ${tables.followerPosition} o WHERE o.follower = f.name AND o.version = f.version AND o.upstream = '')`;
    const alive = `f.seen_at > ${dialect.syntax.now} - ${FOLLOWER_EXPIRY} AND ${follows}`;
    const reached = await sql.row(
      `SELECT min(p.position) AS position FROM ${tables.followerPosition} p
       JOIN ${tables.follower} f ON f.name = p.follower AND f.version = p.version WHERE ${alive}`,
    );
    const parked = await sql.row(
      `SELECT min(p.position) - 1 AS position FROM ${tables.followerEvent} p
       JOIN ${tables.follower} f ON f.name = p.follower AND f.version = p.version WHERE p.state = 1 AND ${alive}`,
    );
    return [reached, parked].flatMap((row) => optionalNumber(row?.position) ?? []);
  }

  /** Those without an open or dead delivery, locked. Retrying a cancelled one takes the same lock first. */
  private async free(
    sql: Sql,
    candidates: readonly number[],
    handlerIds: readonly number[],
  ): Promise<number[]> {
    if (candidates.length === 0) return [];
    const { tables, dialect } = this.database;
    const rows = await sql.rows(
      `SELECT position FROM ${tables.event} WHERE position IN (${marks(candidates.length)}) ${dialect.locks.skipLocked}`,
      candidates,
    );
    const locked = rows.map((row) => Number(row.position));
    if (locked.length === 0 || handlerIds.length === 0) return locked;
    const open = await sql.rows(
      `SELECT DISTINCT position FROM ${tables.delivery}
       WHERE handler_id IN (${marks(handlerIds.length)}) AND position BETWEEN ? AND ?`,
      [...handlerIds, candidates[0], candidates.at(-1)],
    );
    const needed = new Set(open.map((row) => Number(row.position)));
    return locked.filter((position) => !needed.has(position));
  }
}
