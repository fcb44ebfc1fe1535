import type { HandlerBacklog } from '../../core/telemetry.js';
import type { Database } from '../db/database.js';
import { DeliveryState } from '../ports/rows.js';
import { chunks, optionalNumber, type Sql } from '../ports/sql.js';

/** Counting stops there, so that the question stays cheap. */
const COUNTED = 10_000;

/** Handlers that one statement asks about. */
const BATCH = 50;

interface NamedHandler {
  readonly id: number;
  readonly name: string;
}

/**
 * What waits for each handler: due deliveries that nobody has claimed, and for how long the oldest. By the index that
 * claims use, a part of the statement for each handler: a grouped one would read all that is pending, and so would one
 * that asks for the time in its conditions.
 */
export async function backlogOf(
  database: Database,
  handlers: readonly NamedHandler[],
): Promise<HandlerBacklog[]> {
  const names = new Map(handlers.map(({ id, name }) => [id, name]));
  if (names.size === 0) return [];
  return database.run(async (sql) => {
    const { sql: time, parameters } = database.time();
    const now = Number((await sql.row(`SELECT ${time} AS now_ms`, parameters))!.now_ms);
    const backlog = new Map([...names].map(([id, handler]) => [id, { handler, due: 0, lag: 0 }]));
    for (const batch of chunks([...names.keys()], BATCH)) {
      const parts = batch.map((id) => partFor(database.tables.delivery, id));
      const asked = batch.flatMap(() => [now, now]);
      for (const { id, due, oldest } of await sql.rows(parts.join(' UNION ALL '), asked)) {
        const known = backlog.get(Number(id))!;
        known.due += Number(due);
        known.lag = Math.max(known.lag, now - (optionalNumber(oldest) ?? now));
      }
    }
    return [...backlog.values()];
  });
}

/** How many dead deliveries these handlers have, counted up to a limit. */
export async function deadOf(
  { tables }: Database,
  sql: Sql,
  handlerIds: readonly number[],
  limit: number,
): Promise<number> {
  if (handlerIds.length === 0) return 0;
  const row = await sql.row(
    `SELECT count(*) AS dead FROM (SELECT 1 AS one FROM ${tables.delivery}
      WHERE state = ${DeliveryState.dead} AND handler_id IN (${handlerIds.map(Number).join(', ')}) LIMIT ?) d`,
    [limit],
  );
  return Number(row!.dead);
}

/** Those with an order key stand in an index of their own, which knows no times: of the first so many. */
function partFor(deliveries: string, id: number): string {
  const pending = `FROM ${deliveries} WHERE handler_id = ${Number(id)} AND state = ${DeliveryState.pending}`;
  const unkeyed = `${pending} AND order_key IS NULL`;
  return `SELECT ${Number(id)} AS id, (SELECT min(due_at) ${unkeyed}) AS oldest,
    (SELECT count(*) FROM (SELECT 1 AS one ${unkeyed} AND due_at <= ? ORDER BY due_at LIMIT ${COUNTED}) d) AS due
    UNION ALL SELECT ${Number(id)}, min(due_at), count(*)
    FROM (SELECT due_at ${pending} AND order_key IS NOT NULL AND due_at <= ? LIMIT ${COUNTED}) k`;
}
