import type { Database } from './database.js';
import type { ClaimRequest, DeliveryId } from './dialect.js';
import { finishCancelled } from './finish-cancelled.js';
import { type ClaimedDelivery, DeliveryState, SUSPECT_RESCUES } from './rows.js';
import { chunks, marks, type Sql } from './sql.js';

/** Where a failed attempt leaves its delivery. */
export interface FailedAttempt extends DeliveryId {
  error: string;
  /** Milliseconds until it is due again; undefined buries it. */
  retryIn?: number;
}

/**
 * Open deliveries as workers take them and give them back. Nothing is changed that the worker does not hold any more
 * (fencing): each change tells whether it took place.
 */
export class DeliveryQueue {
  constructor(private readonly database: Database) {}

  /** Takes due deliveries; an empty queue costs one read and no lock. */
  async claim(request: Omit<ClaimRequest, 'due'>): Promise<ClaimedDelivery[]> {
    const { dialect, tables } = this.database;
    if (request.quotas.length === 0) return [];
    const due = this.database.time();
    if (dialect.singleStatements)
      return this.database.run((sql) => dialect.claim(sql, tables, { ...request, due }));
    const waiting = await this.database.run((sql) => this.withDue(sql, request));
    const quotas = request.quotas.filter((quota) => waiting.has(quota.handlerId));
    if (quotas.length === 0) return [];
    return this.database.transaction((sql) => dialect.claim(sql, tables, { ...request, quotas, due }));
  }

  /** Marks deliveries succeeded; returns those that the worker still held. */
  async complete(workerId: number, ids: readonly DeliveryId[]): Promise<DeliveryId[]> {
    return this.database.atomically((sql) =>
      this.database.dialect.complete(sql, this.database.tables, workerId, ids),
    );
  }

  /** Marks one delivery succeeded in the transaction of its handler; false when the worker holds it no more. */
  async completeIn(sql: Sql, workerId: number, id: DeliveryId): Promise<boolean> {
    return (await this.database.dialect.complete(sql, this.database.tables, workerId, [id])).length > 0;
  }

  /** Sets the delivery to be tried again, or buries it. */
  async fail(workerId: number, attempt: FailedAttempt): Promise<boolean> {
    const { dialect } = this.database;
    if (attempt.retryIn === undefined) {
      const changes = `state = ${DeliveryState.dead}, attempts = attempts + 1, starts = starts + 1, error = ?, failed_at = ${dialect.now}`;
      return this.giveBack(workerId, attempt, changes, [attempt.error]);
    }
    const due = this.database.time(attempt.retryIn);
    const changes = `state = 0, attempts = attempts + 1, starts = starts + 1, error = ?, failed_at = ${dialect.now}, due_at = ${due.sql}`;
    return this.giveBack(workerId, attempt, changes, [attempt.error, ...due.parameters]);
  }

  /** Puts the delivery off without using up an attempt. */
  async snooze(workerId: number, id: DeliveryId, until: Date): Promise<boolean> {
    return this.giveBack(workerId, id, 'state = 0, starts = starts + 1, due_at = ?', [until.getTime()]);
  }

  /** Gives back what was started and cut off, as it was. */
  async cutOff(workerId: number, id: DeliveryId): Promise<boolean> {
    return this.giveBack(workerId, id, 'state = 0, starts = starts + 1', []);
  }

  /** Buries a delivery whose attempts were used up by processes that died. */
  async bury(workerId: number, id: DeliveryId): Promise<boolean> {
    return this.giveBack(
      workerId,
      id,
      `state = ${DeliveryState.dead}, failed_at = ${this.database.dialect.now}`,
      [],
    );
  }

  /** Ends a running delivery that a person cancelled. */
  async cancel(workerId: number, { handlerId, position }: DeliveryId): Promise<boolean> {
    const where = 'handler_id = ? AND position = ? AND state = 1 AND worker_id = ?';
    return this.database.transaction((sql) =>
      finishCancelled(this.database, sql, where, [handlerId, position, workerId], 'attempts + 1'),
    );
  }

  /** Whether something is due that may have killed its process. */
  async hasSuspects(quotas: ClaimRequest['quotas']): Promise<boolean> {
    if (quotas.length === 0) return false;
    const due = this.database.time();
    const statement = `SELECT 1 AS one FROM ${this.database.tables.delivery}
      WHERE state = 0 AND handler_id IN (${marks(quotas.length)}) AND rescues >= ${SUSPECT_RESCUES} AND due_at <= ${due.sql} LIMIT 1`;
    const parameters = [...quotas.map((quota) => quota.handlerId), ...due.parameters];
    return (await this.database.run((sql) => sql.rows(statement, parameters))).length > 0;
  }

  /** Gives back what was claimed and not started. */
  async release(workerId: number, ids: readonly DeliveryId[]): Promise<void> {
    for (const batch of chunks(ids, 200)) {
      await this.database.atomically(async (sql) => {
        for (const [handlerId, positions] of byHandler(batch)) {
          await sql.change(
            `UPDATE ${this.database.tables.delivery} SET state = 0, worker_id = NULL
             WHERE handler_id = ? AND position IN (${marks(positions.length)}) AND state = 1 AND worker_id = ?`,
            [handlerId, ...positions, workerId],
          );
        }
      });
    }
  }

  /** A running delivery that a person asked to cancel ends as cancelled instead of being tried again. */
  async cancelRequests(workerId: number): Promise<DeliveryId[]> {
    const rows = await this.database.run((sql) =>
      sql.rows(
        `SELECT handler_id, position FROM ${this.database.tables.delivery}
         WHERE worker_id = ? AND state = 1 AND cancel_requested = 1`,
        [workerId],
      ),
    );
    return rows.map((row) => ({ handlerId: Number(row.handler_id), position: Number(row.position) }));
  }

  private giveBack(
    workerId: number,
    id: DeliveryId,
    changes: string,
    parameters: unknown[],
  ): Promise<boolean> {
    const statement = `UPDATE ${this.database.tables.delivery} SET worker_id = NULL, ${changes}
      WHERE handler_id = ? AND position = ? AND state = 1 AND worker_id = ?`;
    return this.database.run(
      async (sql) => (await sql.change(statement, [...parameters, id.handlerId, id.position, workerId])) > 0,
    );
  }

  /** Those of the handlers that have something due: reading locks nothing. */
  private async withDue(sql: Sql, { quotas }: Pick<ClaimRequest, 'quotas'>): Promise<Set<number>> {
    const { tables } = this.database;
    const due = this.database.time();
    const rows = await sql.rows(
      `SELECT h.id FROM ${tables.handler} h WHERE h.id IN (${marks(quotas.length)}) AND EXISTS
        (SELECT 1 FROM ${tables.delivery} d WHERE d.handler_id = h.id AND d.state = 0 AND d.due_at <= ${due.sql})`,
      [...quotas.map((quota) => quota.handlerId), ...due.parameters],
    );
    return new Set(rows.map((row) => Number(row.id)));
  }
}

function byHandler(ids: readonly DeliveryId[]): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (const { handlerId, position } of ids)
    groups.set(handlerId, [...(groups.get(handlerId) ?? []), position]);
  return groups;
}
