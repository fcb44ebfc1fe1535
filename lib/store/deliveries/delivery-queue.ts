import { Grouped } from '../../runtime/grouped.js';
import { asciiOf } from '../ports/ascii.js';
import type { ClaimResult } from '../ports/claim-result.js';
import type { Database } from '../db/database.js';
import { type DeliveryId, keyOf, positionsByHandler } from '../ports/delivery-ids.js';
import type { ClaimRequest } from '../ports/delivery-sql.js';
import { finishCancelled } from './finish-cancelled.js';
import type { OrderedClaim, OrderedClaimRequest } from './ordered-claim.js';
import { DeliveryState, SUSPECT_RESCUES } from '../ports/rows.js';
import { chunks, marks, type Sql } from '../ports/sql.js';

/** One attempt at a delivery: a start of its handler. */
export interface AttemptId extends DeliveryId {
  /** Attempts that had ended before it, as it was claimed. */
  starts: number;
}

/** Where a failed attempt leaves its delivery. */
export interface FailedAttempt extends AttemptId {
  error: string;
  /** Milliseconds until it is due again; undefined buries it. */
  retryIn?: number;
}

const NOTHING: ClaimResult = { claimed: [], failures: [] };

/** A dead delivery lets its order key go. */
const BURIED = `state = ${DeliveryState.dead}, order_key = NULL`;

/**
 * Open deliveries as workers take them and give them back. Nothing is changed that the worker does not hold any more, and
 * nothing by a start that has ended (fencing): each change tells whether it took place. A change whose answer got lost is
 * made again, and the worker may have claimed the delivery anew in between.
 */
export class DeliveryQueue {
  /** For one lease: a worker that lost its lease goes on under another id. */
  private acknowledging?: { workerId: number; grouped: Grouped<DeliveryId, boolean> };

  constructor(
    private readonly database: Database,
    /** Where no handler is ordered it may be left out. */
    private readonly ordered?: OrderedClaim,
  ) {}

  /** Takes due deliveries; an empty queue costs one read and no lock. Rejects when it failed and nothing was claimed. */
  async claim(request: OrderedClaimRequest): Promise<ClaimResult> {
    const quotas = this.ordered?.quotasOf(request.quotas) ?? [];
    if (quotas.length === 0) return this.claimUnordered(request);
    if (request.suspects) return this.claimSuspects(request, quotas);
    const ordered = new Set(quotas.map(({ handlerId }) => handlerId));
    // Half of the quota each, so that neither kind keeps the other from being claimed.
    const halves = request.quotas.map(({ handlerId, take }) => ({
      handlerId,
      take: ordered.has(handlerId) ? Math.ceil(take / 2) : take,
    }));
    const kinds = await Promise.allSettled([
      this.ordered!.claim({ ...request, quotas: halves.filter(({ handlerId }) => ordered.has(handlerId)) }),
      this.claimUnordered({ ...request, quotas: halves }),
    ]);
    const claimed = kinds.flatMap((kind) => (kind.status === 'fulfilled' ? kind.value.claimed : []));
    const failures = kinds.flatMap((kind) =>
      kind.status === 'fulfilled' ? kind.value.failures : [kind.reason as unknown],
    );
    // What is claimed has to be run; the next claim fails again where this one had to.
    if (failures.length > 0 && claimed.length === 0) throw failures[0];
    return { claimed, failures };
  }

  /** One kind only, since no more may be taken than was asked for: they run alone. */
  private async claimSuspects(
    request: OrderedClaimRequest,
    quotas: ClaimRequest['quotas'],
  ): Promise<ClaimResult> {
    const result = await this.ordered!.claim({ ...request, quotas });
    return result.claimed.length > 0 ? result : this.claimUnordered(request);
  }

  /** Those that have no order key. */
  private async claimUnordered(request: OrderedClaimRequest): Promise<ClaimResult> {
    const { tables } = this.database;
    const { can, deliveries } = this.database.dialect;
    const due = this.database.time();
    const take = (sql: Sql, quotas = request.quotas) =>
      deliveries.claim(sql, tables, { ...request, quotas, due });
    if (request.quotas.length === 0) return NOTHING;
    if (can.singleStatements) return { claimed: await this.database.run(take), failures: [] };
    const waiting = await this.database.run((sql) => this.withDue(sql, request));
    const quotas = request.quotas.filter((quota) => waiting.has(quota.handlerId));
    if (quotas.length === 0) return NOTHING;
    return { claimed: await this.database.transaction((sql) => take(sql, quotas)), failures: [] };
  }

  /**
   * Marks a delivery succeeded, by one statement with those that are acknowledged while the last one is in flight. Calls
   * back, never before this has returned: with false when the worker held it no more, or when that failed.
   */
  acknowledge(
    workerId: number,
    id: DeliveryId,
    marked: (held: boolean) => void,
    failed: (error: unknown) => void,
  ): void {
    if (this.acknowledging?.workerId !== workerId) {
      const grouped = new Grouped((ids: readonly DeliveryId[]) => this.completeAll(workerId, ids));
      this.acknowledging = { workerId, grouped };
    }
    this.acknowledging.grouped.ask(id, marked, failed);
  }

  private async completeAll(
    workerId: number,
    ids: readonly DeliveryId[],
  ): Promise<(id: DeliveryId) => boolean> {
    const held = await this.complete(workerId, ids);
    if (held.length >= ids.length) return () => true;
    const keys = new Set(held.map(keyOf));
    return (id) => keys.has(keyOf(id));
  }

  /** Marks deliveries succeeded; returns those that the worker still held. */
  async complete(workerId: number, ids: readonly DeliveryId[]): Promise<DeliveryId[]> {
    return this.database.atomically((sql) => this.completeOn(sql, workerId, ids));
  }

  /** Marks one delivery succeeded in the transaction of its handler; false when the worker holds it no more. */
  async completeIn(sql: Sql, workerId: number, id: DeliveryId): Promise<boolean> {
    return (await this.completeOn(sql, workerId, [id])).length > 0;
  }

  private completeOn(sql: Sql, workerId: number, ids: readonly DeliveryId[]): Promise<DeliveryId[]> {
    const { dialect, tables } = this.database;
    return dialect.deliveries.complete(sql, tables, workerId, ids, this.database.time());
  }

  /** Sets the delivery to be tried again, or buries it: also where the database cannot hold the error's text as it is. */
  async fail(workerId: number, attempt: FailedAttempt): Promise<boolean> {
    try {
      return await this.markFailed(workerId, attempt);
    } catch (error) {
      if (this.database.failure(error) !== 'text') throw error;
      return this.markFailed(workerId, { ...attempt, error: asciiOf(attempt.error) });
    }
  }

  private async markFailed(workerId: number, attempt: FailedAttempt): Promise<boolean> {
    const now = this.database.time();
    if (attempt.retryIn === undefined) {
      const changes = `${BURIED}, attempts = attempts + 1, starts = starts + 1, error = ?, failed_at = ${now.sql}`;
      return this.giveBack(workerId, attempt, changes, [attempt.error, ...now.parameters]);
    }
    const due = this.database.time(attempt.retryIn);
    const changes = `state = 0, attempts = attempts + 1, starts = starts + 1, error = ?, failed_at = ${now.sql}, due_at = ${due.sql}`;
    const parameters = [attempt.error, ...now.parameters, ...due.parameters];
    return this.giveBack(workerId, attempt, changes, parameters);
  }

  /** Puts the delivery off without using up an attempt. */
  async snooze(workerId: number, attempt: AttemptId, until: Date): Promise<boolean> {
    return this.giveBack(workerId, attempt, 'state = 0, starts = starts + 1, due_at = ?', [until.getTime()]);
  }

  /** Gives back what was started and cut off, as it was, or due so many milliseconds later. */
  async cutOff(workerId: number, attempt: AttemptId, later = 0): Promise<boolean> {
    const due = this.database.time(later);
    const [delayed, parameters] = later > 0 ? [`, due_at = ${due.sql}`, due.parameters] : ['', []];
    return this.giveBack(workerId, attempt, `state = 0, starts = starts + 1${delayed}`, [...parameters]);
  }

  /** Ends a running delivery that a person cancelled. */
  async cancel(workerId: number, { handlerId, position }: DeliveryId): Promise<boolean> {
    const { tables, dialect } = this.database;
    const statement = `SELECT position FROM ${tables.delivery}
      WHERE handler_id = ? AND position = ? AND state = 1 AND worker_id = ? ${dialect.locks.forUpdate}`;
    return this.database.transaction(async (sql) => {
      const held = await sql.row(statement, [handlerId, position, workerId]);
      if (held) await finishCancelled(this.database, sql, handlerId, [position], 'attempts + 1');
      return held !== undefined;
    });
  }

  /** Whether something is due that may have killed its process. */
  async hasSuspects(quotas: ClaimRequest['quotas']): Promise<boolean> {
    if (quotas.length === 0) return false;
    const due = this.database.time();
    const { tables, dialect } = this.database;
    // One that waits behind another of its order key cannot be claimed.
    const statement = `SELECT 1 AS one FROM ${tables.delivery} p
      WHERE (order_key IS NULL OR ${dialect.keyOrder.isHead(tables, 'p')}) AND state = 0 AND handler_id IN (${marks(quotas.length)}) AND rescues >= ${SUSPECT_RESCUES} AND due_at <= ${due.sql} LIMIT 1`;
    const parameters = [...quotas.map((quota) => quota.handlerId), ...due.parameters];
    return (await this.database.run((sql) => sql.rows(statement, parameters))).length > 0;
  }

  /** Gives back what was claimed and not started. */
  async release(workerId: number, ids: readonly DeliveryId[]): Promise<void> {
    for (const batch of chunks(ids, 200)) {
      await this.database.atomically(async (sql) => {
        for (const [handlerId, positions] of positionsByHandler(batch)) {
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

  /** What the database says that the worker has claimed. */
  async heldBy(workerId: number): Promise<DeliveryId[]> {
    const statement = `SELECT handler_id, position FROM ${this.database.tables.delivery} WHERE worker_id = ? AND state = 1`;
    const rows = await this.database.run((sql) => sql.rows(statement, [workerId]));
    return rows.map((row) => ({ handlerId: Number(row.handler_id), position: Number(row.position) }));
  }

  private giveBack(
    workerId: number,
    { handlerId, position, starts }: AttemptId,
    changes: string,
    parameters: unknown[],
  ): Promise<boolean> {
    const statement = `UPDATE ${this.database.tables.delivery} SET worker_id = NULL, ${changes}
      WHERE handler_id = ? AND position = ? AND state = 1 AND worker_id = ? AND starts = ?`;
    const values = [...parameters, handlerId, position, workerId, starts];
    return this.database.run(async (sql) => (await sql.change(statement, values)) > 0);
  }

  /** Those of the handlers that have something due: reading locks nothing. */
  private async withDue(sql: Sql, { quotas }: Pick<ClaimRequest, 'quotas'>): Promise<Set<number>> {
    const { tables } = this.database;
    const due = this.database.time();
    const rows = await sql.rows(
      `SELECT h.id FROM ${tables.handler} h WHERE h.id IN (${marks(quotas.length)}) AND EXISTS
        (SELECT 1 FROM ${tables.delivery} d WHERE d.handler_id = h.id AND d.state = 0 AND d.order_key IS NULL AND d.due_at <= ${due.sql})`,
      [...quotas.map((quota) => quota.handlerId), ...due.parameters],
    );
    return new Set(rows.map((row) => Number(row.id)));
  }
}
