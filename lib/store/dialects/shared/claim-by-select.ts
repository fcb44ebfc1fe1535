import { type DeliveryId, positionsByHandler } from '../../ports/delivery-ids.js';
import type { ClaimQuota, ClaimRequest, DeliverySql } from '../../ports/delivery-sql.js';
import type { KeyOrder } from '../../ports/key-order.js';
import type { LockSql } from '../../ports/lock-sql.js';
import { claimedDelivery, type ClaimedDelivery, EVENT_COLUMNS, SUSPECT_RESCUES } from '../../ports/rows.js';
import { chunks, marks, type Row, type Sql, type SqlTime } from '../../ports/sql.js';
import type { Tables } from '../../ports/tables.js';

/** Positions in one statement: with too many, optimizers give up on looking each of them up. */
const MOST = 500;

type Locks = Pick<LockSql, 'forUpdate' | 'skipLocked'>;

/**
 * Claiming and completing for databases whose UPDATE cannot return rows of a join: select and lock, then change. Runs
 * in a transaction.
 */
export function bySelect(locks: Locks, keyOrder: KeyOrder): Pick<DeliverySql, 'claim' | 'complete'> {
  return {
    async claim(sql, t, request) {
      const claimed: ClaimedDelivery[] = [];
      for (const quota of request.quotas) {
        const due = await lockDue(sql, t, request, quota, claimLock(locks, request), keyOrder);
        for (const positions of chunks(due, MOST))
          claimed.push(...(await takeLocked(sql, t, request.workerId, quota.handlerId, positions)));
      }
      return claimed;
    },
    async complete(sql, t, workerId, ids, at) {
      const completed: DeliveryId[] = [];
      for (const [handlerId, all] of positionsByHandler(ids)) {
        for (const positions of chunks(all, MOST)) {
          const held = await sql.rows(
            `SELECT position FROM ${t.delivery}
             WHERE handler_id = ? AND position IN (${marks(positions.length)}) AND state = 1 AND worker_id = ? ${locks.forUpdate}`,
            [handlerId, ...positions, workerId],
          );
          if (held.length > 0) completed.push(...(await finish(sql, t, handlerId, held, at)));
        }
      }
      return completed;
    },
  };
}

/** MySQL locks rows beside those that a statement is for, for a moment: whoever wants certain ones now waits. */
function claimLock({ forUpdate, skipLocked }: Locks, { positions, patient }: ClaimRequest): string {
  return positions && patient ? forUpdate : skipLocked;
}

async function takeLocked(
  sql: Sql,
  t: Tables,
  workerId: number,
  handlerId: number,
  positions: readonly number[],
): Promise<ClaimedDelivery[]> {
  const where = `d.handler_id = ? AND d.position IN (${marks(positions.length)})`;
  await sql.change(`UPDATE ${t.delivery} SET state = 1, worker_id = ? WHERE ${where.replaceAll('d.', '')}`, [
    workerId,
    handlerId,
    ...positions,
  ]);
  const rows = await sql.rows(
    `SELECT d.handler_id, d.attempts, d.starts, d.rescues, ${EVENT_COLUMNS}
     FROM ${t.delivery} d JOIN ${t.event} e ON e.position = d.position WHERE ${where} ORDER BY d.due_at, d.position`,
    [handlerId, ...positions],
  );
  return rows.map(claimedDelivery);
}

async function lockDue(
  sql: Sql,
  t: Tables,
  request: ClaimRequest,
  { handlerId, take }: ClaimQuota,
  lock: string,
  keyOrder: KeyOrder,
): Promise<number[]> {
  const { due, suspects, positions, keyed } = request;
  const rows = await sql.rows(
    `SELECT position FROM ${t.delivery} p
     WHERE handler_id = ? AND state = 0 AND due_at <= ${due.sql} AND rescues ${suspects ? '>=' : '<'} ${SUSPECT_RESCUES}
       AND ${keyed ? keyOrder.isHead(t, 'p') : 'order_key IS NULL'}
       ${positions ? `AND position IN (${marks(positions.length)})` : ''}
     ORDER BY due_at, position LIMIT ? ${lock}`,
    [handlerId, ...due.parameters, ...(positions ?? []), take],
  );
  return rows.map((row) => Number(row.position));
}

async function finish(
  sql: Sql,
  t: Tables,
  handlerId: number,
  held: Row[],
  at: SqlTime,
): Promise<DeliveryId[]> {
  const positions = held.map((row) => Number(row.position));
  const where = `handler_id = ? AND position IN (${marks(positions.length)})`;
  await sql.change(
    `INSERT INTO ${t.finished} (handler_id, position, state, attempts, finished_at)
     SELECT handler_id, position, 3, attempts + 1, ${at.sql} FROM ${t.delivery} WHERE ${where}`,
    [...at.parameters, handlerId, ...positions],
  );
  await sql.change(`DELETE FROM ${t.delivery} WHERE ${where}`, [handlerId, ...positions]);
  return positions.map((position) => ({ handlerId, position }));
}
