import type { SqlTime } from './dialect.js';
import type { DeliveryRow, EventRow } from './rows.js';
import { chunks, type Sql, tuples } from './sql.js';
import type { Tables } from './tables.js';

/** Rows per INSERT: well below every driver's limit of parameters. */
export const ROWS_PER_INSERT = 500;

export const EVENT_INSERT_COLUMNS = [
  'event_key',
  'event_group',
  'payload',
  'payload_bytes',
  'encoding',
  'metadata',
  'stream',
  'stream_version',
  'order_key',
  'occurred_at',
  'recorded_at',
  'available_at',
  'registry_version',
];

export function eventParameters(row: EventRow): unknown[] {
  return [
    row.key,
    row.group,
    row.payload,
    row.payloadBytes ? Buffer.from(row.payloadBytes) : null,
    row.encoding,
    row.metadata,
    row.stream,
    row.streamVersion,
    row.orderKey,
    row.occurredAt,
    row.recordedAt,
    row.availableAt,
    row.registryVersion,
  ];
}

/** The deliveries of the events that were recorded, by the positions they got. */
export function deliveriesOf(rows: readonly EventRow[], positions: readonly (number | undefined)[]): DeliveryRow[] {
  return rows.flatMap((row, index) => {
    const position = positions[index];
    if (position === undefined) return [];
    const { orderKey, availableAt } = row;
    return row.handlers.map(({ id, rank }) => ({ handlerId: id, position, rank, orderKey, availableAt }));
  });
}

/** Inserts deliveries with VALUES; `onConflict` ends the statement so that those which are there stay as they are. */
export async function insertDeliveries(
  sql: Sql,
  t: Tables,
  rows: readonly DeliveryRow[],
  due: SqlTime,
  onConflict: string,
): Promise<void> {
  for (const batch of chunks(rows, ROWS_PER_INSERT)) {
    const values = batch.map((row) => (row.availableAt === null ? `(?, ?, ?, ?, ${due.sql})` : '(?, ?, ?, ?, ?)'));
    await sql.change(
      `INSERT INTO ${t.delivery} (handler_id, position, handler_rank, order_key, due_at)
       VALUES ${values.join(', ')} ${onConflict}`,
      batch.flatMap((row) => [
        row.handlerId,
        row.position,
        row.rank,
        row.orderKey,
        ...(row.availableAt === null ? due.parameters : [row.availableAt]),
      ]),
    );
  }
}

/** `VALUES` tuples of events. */
export function eventTuples(rows: readonly EventRow[], extraColumns = 0): string {
  return tuples(rows.length, EVENT_INSERT_COLUMNS.length + extraColumns);
}
