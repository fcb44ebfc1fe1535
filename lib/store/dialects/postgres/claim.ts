import type { DeliverySql } from '../../ports/delivery-sql.js';
import { type DeliveryId, positionsByHandler } from '../../ports/delivery-ids.js';
import type { ClaimRequest } from '../../ports/delivery-sql.js';
import { keyOrderByProbe } from '../shared/key-order.js';
import { claimedDelivery, EVENT_COLUMNS, SUSPECT_RESCUES } from '../../ports/rows.js';
import type { Row, Sql, SqlTime } from '../../ports/sql.js';
import type { Tables } from '../../ports/tables.js';
import { claimFunction, completeFunction } from './functions.js';

/** Takes due deliveries of each handler up to its quota, in the order in which they became due; one statement. */
export const claim: DeliverySql['claim'] = async (sql, t, request) => {
  const { quotas, suspects, positions, keyed } = request;
  if (quotas.length === 0) return [];
  const rows = await (suspects || positions || keyed
    ? claimOf(sql, t, request)
    : claimPlain(sql, t, request));
  return rows.map(claimedDelivery);
};

/** Handlers up to which each has a call of its own: a join with the function takes as long as the function itself. */
const FEW = 8;

function claimPlain(sql: Sql, t: Tables, { workerId, quotas, due }: ClaimRequest): Promise<Row[]> {
  const call = (handler: string, take: string) =>
    `${claimFunction(t)}(${handler}, ${take}, ?, (${due.sql})::bigint)`;
  const rest = [workerId, ...due.parameters];
  const [calls, parameters] =
    quotas.length <= FEW
      ? [
          quotas.map(() => `SELECT * FROM ${call('?', '?')}`).join(' UNION ALL '),
          quotas.flatMap(({ handlerId, take }) => [handlerId, take, ...rest]),
        ]
      : [
          `SELECT c.* FROM unnest(?::integer[], ?::integer[]) AS q (handler_id, take) CROSS JOIN LATERAL ${call('q.handler_id', 'q.take')} c`,
          [quotas.map(({ handlerId }) => handlerId), quotas.map(({ take }) => take), ...rest],
        ];
  return sql.quickRows(`${calls} ORDER BY due_at, position`, parameters);
}

/**
 * Of certain deliveries only. Rows are
 * updated where they were locked (`ctid`), and an array made by a subquery counts as ten elements for the planner: a
 * join with the rows found, or an array of known length, made it scan the whole table at some sizes of it.
 */
async function claimOf(sql: Sql, t: Tables, request: ClaimRequest): Promise<Row[]> {
  const { workerId, quotas, due, suspects, positions, keyed } = request;
  return sql.rows(
    `WITH due AS MATERIALIZED (
      SELECT d.ctid
      FROM unnest(?::integer[], ?::integer[]) AS q (handler_id, take)
      CROSS JOIN (SELECT (${due.sql})::bigint AS at OFFSET 0) clock
      CROSS JOIN LATERAL (
        SELECT p.ctid FROM ${t.delivery} p
        WHERE p.handler_id = q.handler_id AND p.state = 0 AND p.due_at <= clock.at
          AND ${keyed ? keyOrderByProbe.isHead(t, 'p') : 'p.order_key IS NULL'}
          AND p.rescues ${suspects ? '>=' : '<'} ${SUSPECT_RESCUES} ${positions ? 'AND p.position = ANY(?::bigint[])' : ''}
        ORDER BY p.due_at, p.position LIMIT q.take FOR UPDATE SKIP LOCKED
      ) d
    ), claimed AS (
      UPDATE ${t.delivery} d SET state = 1, worker_id = ? WHERE d.ctid = ANY(ARRAY(SELECT ctid FROM due))
      RETURNING d.handler_id, d.attempts, d.starts, d.rescues, d.due_at, d.position
    )
    SELECT c.handler_id, c.attempts, c.starts, c.rescues, ${EVENT_COLUMNS}
    FROM claimed c CROSS JOIN LATERAL (SELECT * FROM ${t.event} e WHERE e.position = c.position OFFSET 0) e
    ORDER BY c.due_at, c.position`,
    [
      quotas.map((quota) => quota.handlerId),
      quotas.map((quota) => quota.take),
      ...due.parameters,
      ...(positions ? [positions] : []),
      workerId,
    ],
  );
}

/**
 * Moves what the worker still holds to the finished ones; one statement. By the primary key: `+ 0` keeps the planner from
 * the index of all that runs, where each entry would be compared with each position, those of other processes too.
 */
export const complete: DeliverySql['complete'] = async (sql, t, workerId, ids, at) => {
  if (ids.length === 0) return [];
  if (ids.length === 1) return (await completeOne(sql, t, workerId, ids[0]!, at)) ? [...ids] : [];
  const groups = [...positionsByHandler(ids)];
  // An array made by a subquery: see `claimOf`.
  const any = '(handler_id = ? AND position = ANY(ARRAY(SELECT unnest(?::bigint[]))))';
  const rows = await sql.rows(
    `WITH gone AS (
      DELETE FROM ${t.delivery} WHERE (${groups.map(() => any).join(' OR ')})
        AND state + 0 = 1 AND worker_id + 0 = ?
      RETURNING handler_id, position, attempts + 1 AS attempts
    ), finished AS (
      INSERT INTO ${t.finished} (handler_id, position, state, attempts, finished_at)
      SELECT handler_id, position, 3, attempts, (${at.sql})::bigint FROM gone
    ), held AS (SELECT count(*) AS count FROM gone)
    SELECT count, handler_id, position FROM held LEFT JOIN gone ON count < ?`,
    [
      ...groups.flatMap(([handlerId, positions]) => [handlerId, arrayText(positions)]),
      workerId,
      ...at.parameters,
      ids.length,
    ],
  );
  // Mostly none is missing: then one row is sent back.
  if (Number(rows[0]!.count) === ids.length) return [...ids];
  return rows
    .filter((row) => row.position !== null)
    .map((row) => ({ handlerId: Number(row.handler_id), position: Number(row.position) }));
};

/** As the server reads it: the driver would make the same of each element as of a text that needs quotes. */
function arrayText(numbers: readonly number[]): string {
  return `{${numbers.join(',')}}`;
}

async function completeOne(
  sql: Sql,
  t: Tables,
  workerId: number,
  { handlerId, position }: DeliveryId,
  at: SqlTime,
): Promise<boolean> {
  const [row] = await sql.quickRows(
    `SELECT ${completeFunction(t)}(?, ?, ?, (${at.sql})::bigint)::integer AS held`,
    [handlerId, position, workerId, ...at.parameters],
  );
  // A number, since the application may have a parser of its own for booleans.
  return Number(row!.held) === 1;
}
