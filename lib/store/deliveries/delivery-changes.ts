import type { Database } from '../db/database.js';
import { positionsByHandler } from '../ports/delivery-ids.js';
import type { DeliveryId } from '../ports/delivery-ids.js';
import type { SqlPart } from '../ports/sql.js';
import { DEFAULT_RANK, Ordering } from '../registry/known-handler.js';
import { type DeliveryRow, DeliveryState } from '../ports/rows.js';
import type { Sql } from '../ports/sql.js';
import { type DeliveryFilter, statusesOf } from './delivery-filter.js';
import { DeliveryPages, type Found } from './delivery-pages.js';
import { finishCancelled } from './finish-cancelled.js';

/** What one transaction cancelled. */
export interface CancelledDeliveries {
  cancelled: Found[];
  /** Told by their signal, and not ended yet. */
  running: DeliveryId[];
}

/**
 * Changes the deliveries that a person means, a page in a transaction of its own: what is done is done, and nobody waits
 * for more than a page. A row that is not any more what it was when its page was read is left alone.
 */
export class DeliveryChanges {
  private readonly pages: DeliveryPages;

  constructor(private readonly database: Database) {
    this.pages = new DeliveryPages(database);
  }

  /**
   * Makes dead and cancelled deliveries pending again, with all their attempts; yields how many, after each transaction.
   * Where the handler is ordered they take up their order key again: each is before what waits in it, and runs beside none
   * of it.
   */
  async *retry(filter: DeliveryFilter): AsyncGenerator<number> {
    for await (const page of this.pages.openIds(filter, ['dead']))
      yield await this.database.transaction((sql) => this.revive(sql, page));
    for await (const page of this.pages.cancelled(filter))
      yield await this.database.transaction((sql) => this.reopen(sql, page));
  }

  /** Cancels pending and dead deliveries and asks running ones to end; yields those, after each transaction. */
  async *cancel(filter: DeliveryFilter): AsyncGenerator<CancelledDeliveries> {
    const states = statusesOf(filter).map((status) => DeliveryState[status] as number);
    for await (const page of this.pages.open(filter, ['pending', 'dead', 'running']))
      yield await this.database.transaction((sql) => this.end(sql, page, states));
  }

  private async revive(sql: Sql, page: readonly DeliveryId[]): Promise<number> {
    const { tables } = this.database;
    const due = this.database.time();
    let revived = 0;
    for (const [handlerId, positions] of positionsByHandler(page)) {
      const { ordered } = await this.handler(sql, handlerId);
      const orderKey = ordered
        ? `(SELECT e.order_key FROM ${tables.event} e WHERE e.position = d.position)`
        : 'NULL';
      const these = this.these(positions);
      revived += await sql.change(
        `UPDATE ${tables.delivery} AS d SET state = 0, attempts = 0, starts = starts + rescues, rescues = 0, cancel_requested = 0,
           due_at = ${due.sql}, order_key = ${orderKey}
         WHERE handler_id = ? AND ${these.sql} AND state = ${DeliveryState.dead}`,
        [...due.parameters, handlerId, ...these.parameters],
      );
    }
    return revived;
  }

  private async reopen(sql: Sql, page: readonly DeliveryId[]): Promise<number> {
    const { tables, dialect } = this.database;
    const orderKeys = await this.lockEvents(sql, page);
    let reopened = 0;
    for (const [handlerId, positions] of positionsByHandler(page)) {
      const there = positions.filter((position) => orderKeys.has(position));
      const gone = await this.takeCancelled(sql, handlerId, there);
      const { ordered, rank } = await this.handler(sql, handlerId);
      const rows = gone.map((position): DeliveryRow => {
        const orderKey = ordered ? orderKeys.get(position)! : null;
        return { handlerId, position, rank, orderKey, availableAt: null };
      });
      if (rows.length > 0) await dialect.deliveries.create(sql, tables, rows, this.database.time());
      reopened += rows.length;
    }
    return reopened;
  }

  /** Retention locks an event before it looks whether a delivery of it is open. The order keys of those that are there. */
  private async lockEvents(sql: Sql, page: readonly DeliveryId[]): Promise<Map<number, string | null>> {
    const { tables, dialect } = this.database;
    const these = this.these([...new Set(page.map(({ position }) => position))]);
    const rows = await sql.rows(
      `SELECT position, order_key FROM ${tables.event} WHERE ${these.sql} ORDER BY position ${dialect.locks.forUpdate}`,
      these.parameters,
    );
    return new Map(rows.map((row) => [Number(row.position), row.order_key as string | null]));
  }

  private async takeCancelled(sql: Sql, handlerId: number, positions: readonly number[]): Promise<number[]> {
    const { tables, dialect } = this.database;
    if (positions.length === 0) return [];
    const these = this.these(positions);
    const rows = await sql.rows(
      `SELECT position, state FROM ${tables.finished} WHERE handler_id = ? AND ${these.sql} ${dialect.locks.forUpdate}`,
      [handlerId, ...these.parameters],
    );
    const cancelled = rows
      .filter(({ state }) => Number(state) === DeliveryState.cancelled)
      .map(({ position }) => Number(position));
    if (cancelled.length === 0) return [];
    const taken = this.these(cancelled);
    const statement = `DELETE FROM ${tables.finished} WHERE handler_id = ? AND ${taken.sql}`;
    await sql.change(statement, [handlerId, ...taken.parameters]);
    return cancelled;
  }

  /** Locked first, so that a worker cannot claim or complete one in between. */
  private async end(
    sql: Sql,
    page: readonly Found[],
    states: readonly number[],
  ): Promise<CancelledDeliveries> {
    const { tables, dialect } = this.database;
    const groups = new Map(page.map(({ position, group }) => [position, group]));
    const ended: CancelledDeliveries = { cancelled: [], running: [] };
    for (const [handlerId, positions] of positionsByHandler(page)) {
      const these = this.these(positions);
      const rows = await sql.rows(
        `SELECT position, state FROM ${tables.delivery} WHERE handler_id = ? AND ${these.sql} ${dialect.locks.forUpdate}`,
        [handlerId, ...these.parameters],
      );
      const now = rows.map((row) => ({ position: Number(row.position), state: Number(row.state) }));
      const wanted = now.filter(({ state }) => states.includes(state));
      const [running, open] = [true, false].map((runs) =>
        wanted
          .filter(({ state }) => (state === DeliveryState.running) === runs)
          .map(({ position }) => position),
      ) as [number[], number[]];
      await finishCancelled(this.database, sql, handlerId, open);
      await this.ask(sql, handlerId, running);
      ended.cancelled.push(
        ...open.map((position) => ({ handlerId, position, group: groups.get(position)! })),
      );
      ended.running.push(...running.map((position) => ({ handlerId, position })));
    }
    return ended;
  }

  /** Asks running ones to end. */
  private async ask(sql: Sql, handlerId: number, positions: readonly number[]): Promise<void> {
    if (positions.length === 0) return;
    const these = this.these(positions);
    await sql.change(
      `UPDATE ${this.database.tables.delivery} SET cancel_requested = 1 WHERE handler_id = ? AND ${these.sql}`,
      [handlerId, ...these.parameters],
    );
  }

  private async handler(sql: Sql, id: number): Promise<{ ordered: boolean; rank: number }> {
    const statement = `SELECT handler_rank, ordered FROM ${this.database.tables.handler} WHERE id = ?`;
    const row = await sql.row(statement, [id]);
    return {
      ordered: Number(row?.ordered) === Ordering.byKey,
      rank: Number(row?.handler_rank ?? DEFAULT_RANK),
    };
  }

  private these(positions: readonly number[]): SqlPart {
    const { sql, parameters } = this.database.dialect.syntax.oneOf(positions);
    return { sql: `position ${sql}`, parameters };
  }
}
