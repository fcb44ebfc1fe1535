import type { Database } from '../db/database.js';
import { type DeliveryId, positionsByHandler } from '../ports/delivery-ids.js';
import { promotable, type Unattempted } from '../registry/ranks.js';
import { DeliveryState } from '../ports/rows.js';
import type { Row, Sql, SqlPart } from '../ports/sql.js';

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

  /**
   * Of the events at these positions, makes those of these handlers' deliveries due whose turn it is; returns them. At READ
   * COMMITTED: MariaDB would lock what is beside them, too, and claims pass over what is locked.
   */
  async promote(handlerIds: readonly number[], positions: readonly number[]): Promise<DeliveryId[]> {
    return this.database.retrying(() =>
      this.database.atomically(async (sql) => {
        const waiting = promotable(await this.unattempted(sql, handlerIds, positions), this.lease);
        if (waiting.length > 0) await this.makeDue(sql, waiting);
        return waiting.map(({ handlerId, position }) => ({ handlerId, position }));
      }),
    );
  }

  /** An event that is delayed is left alone: what is put off for it is due later than that. */
  private async unattempted(
    sql: Sql,
    handlerIds: readonly number[],
    positions: readonly number[],
  ): Promise<Unattempted[]> {
    const { tables } = this.database;
    const now = this.database.time();
    const these = this.these(handlerIds.map((id) => [id, positions]));
    const availableAt = `(SELECT e.available_at FROM ${tables.event} e WHERE e.position = d.position)`;
    const rows = await sql.rows(
      `SELECT handler_id, position, handler_rank, state, due_at - ${now.sql} AS due_in FROM ${tables.delivery} d
       WHERE ${these.sql} AND state <> ${DeliveryState.dead} AND starts = 0 AND coalesce(${availableAt}, 0) <= ${now.sql}`,
      [...now.parameters, ...these.parameters, ...now.parameters],
    );
    return rows.map(unattempted);
  }

  private async makeDue(sql: Sql, waiting: readonly DeliveryId[]): Promise<void> {
    const now = this.database.time();
    const these = this.these([...positionsByHandler(waiting)]);
    await sql.change(
      `UPDATE ${this.database.tables.delivery} SET due_at = ${now.sql}
       WHERE ${these.sql} AND state = 0 AND starts = 0 AND due_at > ${now.sql}`,
      [...now.parameters, ...these.parameters, ...now.parameters],
    );
  }

  /** By the primary key. */
  private these(
    deliveries: readonly (readonly [handlerId: number, positions: readonly number[]])[],
  ): SqlPart {
    const each = deliveries.map(([handlerId, positions]) => {
      const { sql, parameters } = this.database.dialect.syntax.oneOf(positions);
      return { sql: `(handler_id = ? AND position ${sql})`, parameters: [handlerId, ...parameters] };
    });
    return {
      sql: `(${each.map(({ sql }) => sql).join(' OR ')})`,
      parameters: each.flatMap(({ parameters }) => parameters),
    };
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
