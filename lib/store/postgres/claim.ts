import type { ClaimRequest, DeliveryId } from '../dialect.js';
import { claimedDelivery, type ClaimedDelivery, EVENT_COLUMNS, SUSPECT_RESCUES } from '../rows.js';
import type { Sql } from '../sql.js';
import type { Tables } from '../tables.js';

/** Takes due deliveries of each handler up to its quota, in the order in which they became due; one statement. */
export async function claim(sql: Sql, t: Tables, request: ClaimRequest): Promise<ClaimedDelivery[]> {
  const { workerId, quotas, due, suspects, positions } = request;
  const rows = await sql.rows(
    `WITH due AS MATERIALIZED (
      SELECT d.handler_id, d.position
      FROM unnest(?::integer[], ?::integer[]) AS q (handler_id, take)
      CROSS JOIN (SELECT (${due.sql})::bigint AS at OFFSET 0) clock
      CROSS JOIN LATERAL (
        SELECT p.handler_id, p.position FROM ${t.delivery} p
        WHERE p.handler_id = q.handler_id AND p.state = 0 AND p.due_at <= clock.at
          AND p.rescues ${suspects ? '>=' : '<'} ${SUSPECT_RESCUES} ${positions ? 'AND p.position = ANY(?::bigint[])' : ''}
        ORDER BY p.due_at, p.position LIMIT q.take FOR UPDATE SKIP LOCKED
      ) d
    ), claimed AS (
      UPDATE ${t.delivery} d SET state = 1, worker_id = ?
      FROM due JOIN ${t.event} e ON e.position = due.position
      WHERE d.handler_id = due.handler_id AND d.position = due.position
      RETURNING d.handler_id, d.attempts, d.starts, d.rescues, d.due_at, ${EVENT_COLUMNS}
    )
    SELECT * FROM claimed ORDER BY due_at, position`,
    [
      quotas.map((quota) => quota.handlerId),
      quotas.map((quota) => quota.take),
      ...due.parameters,
      ...(positions ? [positions] : []),
      workerId,
    ],
  );
  return rows.map(claimedDelivery);
}

/** Moves what the worker still holds to the finished ones; one statement. */
export async function complete(
  sql: Sql,
  t: Tables,
  workerId: number,
  ids: readonly DeliveryId[],
): Promise<DeliveryId[]> {
  const rows = await sql.rows(
    `WITH gone AS (
      DELETE FROM ${t.delivery} d USING unnest(?::integer[], ?::bigint[]) AS i (handler_id, position)
      WHERE d.handler_id = i.handler_id AND d.position = i.position AND d.state = 1 AND d.worker_id = ?
      RETURNING d.handler_id, d.position, d.attempts + 1 AS attempts
    )
    INSERT INTO ${t.finished} (handler_id, position, state, attempts, finished_at)
    SELECT handler_id, position, 3, attempts, (extract(epoch FROM clock_timestamp()) * 1000)::bigint FROM gone
    RETURNING handler_id, position`,
    [ids.map((id) => id.handlerId), ids.map((id) => id.position), workerId],
  );
  return rows.map((row) => ({ handlerId: Number(row.handler_id), position: Number(row.position) }));
}
