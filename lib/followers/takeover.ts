import type { OwnLogger } from '../runtime/logging.js';
import type { FollowerId, FollowerRow } from '../store/followers/follower-rows.js';
import { positionOf } from '../store/followers/follower-rows.js';
import type { FollowerTable } from '../store/followers/follower-table.js';
import type { Stretch } from '../store/followers/stretch.js';
import type { Sql } from '../store/ports/sql.js';
import type { StoredEvent } from '../store/ports/rows.js';
import { LostPass, type Pass, type PassWork } from './pass.js';
import type { PassParts } from './pass-parts.js';
import { nextStretch } from './upstreams.js';
import { mayTakeOver, type Wish } from './versions.js';

export interface TakeoverParts extends Pick<PassParts, 'database' | 'tracking' | 'seal'> {
  readonly table: FollowerTable;
  readonly logger: OwnLogger;
  /** A page of a stretch, as that transaction sees it. */
  readonly page: (
    row: FollowerRow,
    stretch: Stretch,
    sql: Sql,
  ) => Promise<{ stretch: Stretch; events: readonly StoredEvent[] }>;
}

/** Puts one version of a follower in the place of the active one. */
export class Takeover {
  constructor(
    private readonly parts: TakeoverParts,
    private readonly pass: Pass,
  ) {}

  /**
   * In one transaction: both versions are held, so that neither goes on; what the active one has come to meanwhile is handled; and the
   * row that readers look at is changed. Passes of either that began before do not commit after it. Throws `LostPass` where the
   * active version is too far ahead, or somebody was quicker: then nothing was done. Resolves with how many events were handled.
   */
  async run(row: FollowerRow, wish: Wish, handled?: PassWork['handled']): Promise<number> {
    const { database, seal, logger } = this.parts;
    const events = await database.transactionOnce((sql) => this.on(sql, row, wish, handled), seal);
    logger.log(
      `Follower ${row.name}: version ${row.version} has taken the place of version ${row.active!.version}.`,
    );
    return events;
  }

  private async on(sql: Sql, row: FollowerRow, wish: Wish, handled: PassWork['handled']): Promise<number> {
    const { table, tracking } = this.parts;
    const from = row.active!.version;
    const held = await this.hold(sql, row, from);
    if (held.active?.version !== from) throw new LostPass();
    const { reached, events } = await this.catchUp(sql, held, handled);
    if (!mayTakeOver(reached, wish)) throw new LostPass();
    if (!(await table.actives.change(sql, row.name, from, row.version))) throw new LostPass();
    await tracking.lanes.handOver(sql, { name: row.name, version: from }, row);
    return events;
  }

  /** Holds both, the higher version first in all processes, and tells how this one is then. */
  private async hold(sql: Sql, row: FollowerRow, active: number): Promise<FollowerRow> {
    const { tracking, table } = this.parts;
    const both: FollowerId[] = [row, { name: row.name, version: active }];
    both.sort((a, b) => b.version - a.version);
    for (const id of both) {
      const isOwn = id.version === row.version;
      const isUnchanged = await tracking.changing(sql, id, isOwn ? row.revision : undefined);
      if (isOwn && !isUnchanged) throw new LostPass();
    }
    const [held] = await table.lookOn(sql, [{ name: row.name, version: row.version }]);
    if (!held) throw new LostPass();
    return held;
  }

  /** What is left, where one batch is enough for it. */
  private async catchUp(
    sql: Sql,
    row: FollowerRow,
    handled: PassWork['handled'],
  ): Promise<{ reached: FollowerRow; events: number }> {
    const { front } = row.active!;
    const whole = nextStretch(row, front);
    if (!whole) return { reached: row, events: 0 };
    const page = await this.parts.page(row, whole, sql);
    if (page.stretch.to < front) throw new LostPass();
    const passed = await this.pass.on(sql, { row, ...page, ...(handled ? { handled } : {}) });
    if (positionOf(passed.row) < front) throw new LostPass();
    return { reached: passed.row, events: passed.handled };
  }
}
