import type { SqlTime } from '../dialect.js';
import type { AppendedRow, DeliveryRow, EventRow } from '../rows.js';
import { optionalNumber, type Sql } from '../sql.js';
import type { Tables } from '../tables.js';
import { appendOne } from './append-one.js';
import { dueAt } from './due-at.js';

/**
 * One statement for all events and deliveries. Positions are given in the order of the rows, but rows are inserted in
 * the order of their keys, so that two batches with the same keys cannot deadlock.
 */
export async function append(
  sql: Sql,
  t: Tables,
  rows: readonly EventRow[],
  due: SqlTime,
): Promise<AppendedRow[]> {
  if (rows.length === 1) return [await appendOne(sql, t, rows[0]!, due)];
  const deliveries = rows.flatMap((row, index) => row.handlers.map((handler) => ({ ...handler, index })));
  const waits = deliveries.some(({ wait }) => wait);
  const answers = await sql.rows(statement(t, due, deliveries.length > 0, waits), [
    ...eventArrays(rows),
    ...(deliveries.length > 0
      ? [
          deliveries.map((d) => d.index + 1),
          deliveries.map((d) => d.id),
          deliveries.map((d) => d.rank),
          deliveries.map((d) => d.ordered ?? false),
          ...(waits ? [deliveries.map((d) => d.wait ?? 0)] : []),
          ...due.parameters,
        ]
      : []),
  ]);
  const result: AppendedRow[] = rows.map(() => ({}));
  for (const { ord, position, existing_group: group } of answers) {
    result[Number(ord) - 1] = {
      position: optionalNumber(position),
      existingGroup: (group as string | null) ?? undefined,
    };
  }
  return result;
}

function eventArrays(rows: readonly EventRow[]): unknown[][] {
  return [
    rows.map((row) => row.key),
    rows.map((row) => row.group),
    rows.map((row) => row.payload),
    rows.map((row) => (row.payloadBytes ? Buffer.from(row.payloadBytes) : null)),
    rows.map((row) => row.encoding),
    rows.map((row) => row.metadata),
    rows.map((row) => row.stream),
    rows.map((row) => row.streamVersion),
    rows.map((row) => row.orderKey),
    rows.map((row) => row.occurredAt),
    rows.map((row) => row.recordedAt),
    rows.map((row) => row.availableAt),
    rows.map((row) => row.registryVersion),
  ];
}

const COLUMNS =
  'event_key, event_group, payload, payload_bytes, encoding, metadata, stream, stream_version, order_key, occurred_at, recorded_at, available_at, registry_version';

function statement(t: Tables, due: SqlTime, withDeliveries: boolean, waits: boolean): string {
  return `WITH input AS MATERIALIZED (
    SELECT nextval('${t.name('event_position')}') AS position, i.*
    FROM unnest(?::text[], ?::text[], ?::text[], ?::bytea[], ?::text[],
      ?::text[], ?::text[], ?::bigint[], ?::text[], ?::bigint[], ?::bigint[], ?::bigint[], ?::integer[])
      WITH ORDINALITY AS i (${COLUMNS}, ord)
  ), recorded AS (
    INSERT INTO ${t.event} AS e (position, ${COLUMNS})
    SELECT position, ${COLUMNS} FROM input ORDER BY event_key COLLATE "C", ord
    ON CONFLICT (event_key) DO NOTHING RETURNING e.position
  )${withDeliveries ? `, delivered AS (${deliverRecorded(t, due, waits)})` : ''}
  SELECT i.ord, r.position, CASE WHEN r.position IS NULL
    THEN (SELECT e.event_group FROM ${t.event} e WHERE e.event_key = i.event_key) END AS existing_group
  FROM input i LEFT JOIN recorded r ON r.position = i.position`;
}

function deliverRecorded(t: Tables, due: SqlTime, waits: boolean): string {
  return `INSERT INTO ${t.delivery} (handler_id, position, handler_rank, order_key, due_at)
    SELECT d.handler_id, r.position, d.handler_rank, CASE WHEN d.ordered THEN i.order_key END, ${dueAt('i.available_at', 'due.at', waits)}
    FROM unnest(?::bigint[], ?::integer[], ?::smallint[], ?::boolean[]${waits ? ', ?::bigint[]' : ''})
      AS d (ord, handler_id, handler_rank, ordered${waits ? ', wait' : ''})
    JOIN input i ON i.ord = d.ord JOIN recorded r ON r.position = i.position
    CROSS JOIN (SELECT (${due.sql})::bigint AS at) due`;
}

export async function deliver(
  sql: Sql,
  t: Tables,
  rows: readonly DeliveryRow[],
  due: SqlTime,
): Promise<void> {
  if (rows.length === 0) return;
  const waits = rows.some(({ wait }) => wait);
  await sql.change(
    `INSERT INTO ${t.delivery} (handler_id, position, handler_rank, order_key, due_at)
     SELECT d.handler_id, d.position, d.handler_rank, d.order_key, ${dueAt('d.available_at', `(${due.sql})::bigint`, waits)}
     FROM unnest(?::integer[], ?::bigint[], ?::smallint[], ?::text[], ?::bigint[]${waits ? ', ?::bigint[]' : ''})
       AS d (handler_id, position, handler_rank, order_key, available_at${waits ? ', wait' : ''})
     ON CONFLICT DO NOTHING`,
    [
      ...due.parameters,
      rows.map((row) => row.handlerId),
      rows.map((row) => row.position),
      rows.map((row) => row.rank),
      rows.map((row) => row.orderKey),
      rows.map((row) => row.availableAt),
      ...(waits ? [rows.map((row) => row.wait ?? 0)] : []),
    ],
  );
}

/** Mostly all are known: then there is nothing to send back. As JSON, since the driver makes arrays slowly. */
export async function unknownKeys(sql: Sql, t: Tables, keys: readonly string[]): Promise<string[]> {
  const rows = await sql.rows<{ key: string }>(
    `SELECT k.key FROM json_array_elements_text(?::json) AS k (key)
     WHERE NOT EXISTS (SELECT 1 FROM ${t.event} e WHERE e.event_key = k.key COLLATE "C")`,
    [JSON.stringify(keys)],
  );
  return rows.map(({ key }) => key);
}
