import type { Database } from './database.js';
import { positionsByHandler } from './delivery-ids.js';
import type { DeliveryId } from './dialect.js';
import { promotable, type Unattempted } from './ranks.js';
import { DeliveryState } from './rows.js';
import { marks, type Row, type Sql } from './sql.js';

/**
 * Lets deliveries go that were put off for others of their event. Whoever settled a first attempt asks for it, once that
 * is committed: of two that settle the last ones of a rank at the same time, one at least sees both. It may be asked for
 * at any time and by anybody: what it changes is still pending, was never started and is put off for its rank alone.
 */
export class Promotion {
  constructor(
    private readonly database: Database,
    /** Milliseconds that one handler waits for another of a lower rank, at most. */
    private readonly lease: number,
  ) {}

  /** Of the events at these positions, makes those of these handlers' deliveries due whose turn it is; returns them. */
  async promote(handlerIds: readonly number[], positions: readonly number[]): Promise<DeliveryId[]> {
    return this.database.retrying(() =>
      this.database.run(async (sql) => {
        const waiting = promotable(await this.unattempted(sql, handlerIds, positions), this.lease);
        if (waiting.length > 0) await this.makeDue(sql, waiting);
        return waiting.map(({ handlerId, position }) => ({ handlerId, position }));
      }),
    );
  }

  /** By the primary key. An event that is delayed is left alone: what is put off for it is due later than that. */
  private async unattempted(
    sql: Sql,
    handlerIds: readonly number[],
    positions: readonly number[],
  ): Promise<Unattempted[]> {
    const { tables } = this.database;
    const now = this.database.time();
    const rows = await sql.rows(
      `SELECT d.handler_id, d.position, d.handler_rank, d.state, d.due_at - ${now.sql} AS due_in
       FROM ${tables.delivery} d JOIN ${tables.event} e ON e.position = d.position
       WHERE d.handler_id IN (${marks(handlerIds.length)}) AND d.position IN (${marks(positions.length)})
         AND d.state <> ${DeliveryState.dead} AND d.starts = 0
         AND (e.available_at IS NULL OR e.available_at <= ${now.sql})`,
      [...now.parameters, ...handlerIds, ...positions, ...now.parameters],
    );
    return rows.map(unattempted);
  }

  private async makeDue(sql: Sql, waiting: readonly DeliveryId[]): Promise<void> {
    const now = this.database.time();
    const handlers = [...positionsByHandler(waiting)];
    const these = handlers.map(
      ([, positions]) => `(handler_id = ? AND position IN (${marks(positions.length)}))`,
    );
    await sql.change(
      `UPDATE ${this.database.tables.delivery} SET due_at = ${now.sql}
       WHERE (${these.join(' OR ')}) AND state = 0 AND starts = 0 AND due_at > ${now.sql}`,
      [...now.parameters, ...handlers.flatMap(([id, positions]) => [id, ...positions]), ...now.parameters],
    );
  }
}

function unattempted(row: Row): Unattempted {
  return {
    handlerId: Number(row.handler_id),
    position: Number(row.position),
    rank: Number(row.handler_rank),
    running: Number(row.state) === DeliveryState.running,
    dueIn: Number(row.due_in),
  };
}
