import type { Database } from '../db/database.js';
import { positionsByHandler } from '../ports/delivery-ids.js';
import { DeliveryState } from '../ports/rows.js';
import { marks, optionalNumber, type Sql } from '../ports/sql.js';

const PAGE = 1000;

/**
 * What is to be handled at once is due at the time at which it was recorded. Where the clock goes back, as after a failover
 * to a server whose clock is behind, that time is to come, for as long as the step was. Then what was never started and was
 * not put off is made due, and a retry waits for as long as it was to wait.
 */
export class ClockSteps {
  /** When a look last asked; before the first one, another process may know. */
  private last?: number;

  constructor(private readonly database: Database) {}

  /** Told the time at each look. Returns how many deliveries it made due, or due earlier. */
  async check(told: number): Promise<number> {
    const { now, last } =
      this.last === undefined ? await this.lastFinished() : { now: told, last: this.last };
    if (now >= last) {
      this.last = now;
      return 0;
    }
    let changed = 0;
    for (let page = PAGE; page === PAGE; changed += page) page = await this.setRight(now);
    this.last = now;
    return changed;
  }

  /** With the time of the same statement: between the look and this one something may have finished. */
  private async lastFinished(): Promise<{ now: number; last: number }> {
    const { sql: time, parameters } = this.database.time();
    const statement = `SELECT ${time} AS now_ms, max(finished_at) AS last FROM ${this.database.tables.finished} WHERE state = ${DeliveryState.succeeded}`;
    const row = (await this.database.run((sql) => sql.row(statement, parameters)))!;
    return { now: Number(row.now_ms), last: optionalNumber(row.last) ?? 0 };
  }

  private async setRight(now: number): Promise<number> {
    return this.database.transaction(async (sql) => {
      const rows = await sql.rows(this.misplaced(), [now, now]);
      const ids = rows.map(({ handler_id, position }) => ({
        handlerId: Number(handler_id),
        position: Number(position),
      }));
      for (const [handlerId, positions] of positionsByHandler(ids))
        await this.move(sql, now, handlerId, positions);
      return rows.length;
    });
  }

  /** Never started and not put off, yet due later than now; or to be tried again after a failure that is yet to come. */
  private misplaced(): string {
    const { tables } = this.database;
    return `SELECT d.handler_id, d.position FROM ${tables.delivery} d JOIN ${tables.event} e ON e.position = d.position
      WHERE d.state = 0 AND d.due_at > ? AND (d.failed_at > ? OR (d.starts = 0 AND d.failed_at IS NULL AND e.available_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM ${tables.delivery} o
          WHERE o.position = d.position AND o.handler_rank < d.handler_rank AND o.starts = 0 AND o.state IN (0, 1))))
      LIMIT ${PAGE}`;
  }

  private async move(sql: Sql, now: number, handlerId: number, positions: readonly number[]): Promise<void> {
    // In this order: MySQL goes by what it has set already.
    await sql.change(
      `UPDATE ${this.database.tables.delivery}
       SET due_at = CASE WHEN failed_at > ? THEN due_at - (failed_at - ?) ELSE ? END,
         failed_at = CASE WHEN failed_at > ? THEN ? ELSE failed_at END
       WHERE handler_id = ? AND position IN (${marks(positions.length)}) AND state = 0 AND due_at > ?`,
      [now, now, now, now, now, handlerId, ...positions, now],
    );
  }
}
