import { type Appended, type DeliveryRow, DeliveryState, type EventRow } from '../../ports/rows.js';
import { chunks, marks, type Sql, type SqlTime, type Statement, tuples } from '../../ports/sql.js';
import type { Tables } from '../../ports/tables.js';

/** Rows per INSERT: well below every driver's limit of parameters. */
export const ROWS_PER_INSERT = 500;

/** Bytes of rows per statement, doubled where they are escaped or sent as digits: a server that takes less says so. */
export const BYTES_PER_INSERT = 4 * 1024 * 1024;

/** Bytes that a row takes beside its texts. */
const ROW_BYTES = 200;

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
export function deliveriesOf(
  rows: readonly EventRow[],
  positions: readonly (number | undefined)[],
): DeliveryRow[] {
  return rows.flatMap((row, index) => {
    const position = positions[index];
    if (position === undefined) return [];
    const { orderKey, availableAt } = row;
    return row.handlers.map(({ id, rank, ordered, workerId, wait }) => ({
      handlerId: id,
      position,
      rank,
      orderKey: ordered ? orderKey : null,
      availableAt,
      workerId,
      wait,
    }));
  });
}

/** The tags of the events that were recorded, by the positions they got: columns `tag` and `position`. */
export function tagsOf(
  rows: readonly EventRow[],
  positions: readonly (number | undefined)[],
): [tag: string, position: number][] {
  return rows.flatMap(({ tags }, index) => {
    const position = positions[index];
    return position === undefined ? [] : tags.map((tag): [string, number] => [tag, position]);
  });
}

export async function insertTags(
  sql: Sql,
  t: Tables,
  rows: readonly EventRow[],
  positions: readonly (number | undefined)[],
  most?: number,
): Promise<void> {
  for (const batch of batchesOf(tagsOf(rows, positions), ([tag]) => bytesOf(tag), most)) {
    await sql.change(`INSERT INTO ${t.tag} (tag, position) VALUES ${tuples(batch.length, 2)}`, batch.flat());
  }
}

/** The first row of a stream that was not recorded: its version or its key, which is made of that, is taken. */
export function firstTaken(
  rows: readonly EventRow[],
  positions: readonly (number | undefined)[],
): EventRow | undefined {
  return rows.find(({ stream }, index) => stream !== null && positions[index] === undefined);
}

/** The answers of an append that recorded nothing: all of its rows failed by this one. */
export function versionTaken(rows: readonly EventRow[], taken: EventRow): Appended[] {
  return rows.map(() => ({ kind: 'versionTaken', stream: taken.stream!, version: taken.streamVersion! }));
}

/** The answers of an append in which no version was taken. */
export function answersOf(
  rows: readonly EventRow[],
  positions: readonly (number | undefined)[],
  groups: ReadonlyMap<string, string>,
): Appended[] {
  return rows.map(({ key }, index) => {
    const position = positions[index];
    return position === undefined
      ? { kind: 'known', group: groups.get(key) }
      : { kind: 'recorded', position };
  });
}

/** Takes back events that the append itself has inserted, before their deliveries: a savepoint would cost every append. */
export async function undoInserts(sql: Sql, t: Tables, positions: readonly number[]): Promise<void> {
  for (const batch of chunks(positions, ROWS_PER_INSERT)) {
    await sql.change(`DELETE FROM ${t.event} WHERE position IN (${marks(batch.length)})`, batch);
  }
}

/** Inserts deliveries with VALUES; `onConflict` ends the statement so that those which are there stay as they are. */
export async function insertDeliveries(
  sql: Sql,
  t: Tables,
  rows: readonly DeliveryRow[],
  due: SqlTime,
  onConflict: string,
  most?: number,
): Promise<void> {
  for (const batch of batchesOf(rows, ({ orderKey }) => bytesOf(orderKey), most)) {
    const { text, parameters } = deliveryInsert(t, batch, due, onConflict);
    await sql.change(text, parameters);
  }
}

/** The statement; `position` is SQL of the position where they are all of one event and the statement knows it better. */
export function deliveryInsert(
  t: Tables,
  rows: readonly DeliveryRow[],
  due: SqlTime,
  onConflict: string,
  position?: string,
): Statement {
  const dues = rows.map((row) => dueOf(row, due));
  const values = dues.map(({ sql }) => `(?, ${position ?? '?'}, ?, ?, ?, ?, ${sql})`);
  return {
    text: `INSERT INTO ${t.delivery} (handler_id, position, handler_rank, order_key, state, worker_id, due_at)
       VALUES ${values.join(', ')} ${onConflict}`,
    parameters: rows.flatMap((row, index) => [
      row.handlerId,
      ...(position === undefined ? [row.position] : []),
      row.rank,
      row.orderKey,
      stateOf(row),
      row.workerId ?? null,
      ...dues[index]!.parameters,
    ]),
  };
}

function stateOf({ workerId }: DeliveryRow): number {
  return workerId === undefined ? DeliveryState.pending : DeliveryState.running;
}

/** What waits does so from the time on at which the others of its event are due. */
function dueOf({ availableAt, wait }: DeliveryRow, due: SqlTime): SqlTime {
  if (!wait) return availableAt === null ? due : { sql: '?', parameters: [availableAt] };
  if (availableAt === null) return { sql: `${due.sql} + ?`, parameters: [...due.parameters, wait] };
  return {
    sql: `CASE WHEN ${due.sql} < ? THEN ? ELSE ${due.sql} END + ?`,
    parameters: [...due.parameters, availableAt, availableAt, ...due.parameters, wait],
  };
}

/** A key given twice in one batch is recorded for its first row only. */
export function firstOfEachKey(rows: readonly EventRow[]): EventRow[] {
  const seen = new Set<string>();
  return rows.filter(({ key }) => !seen.has(key) && seen.add(key));
}

/** `VALUES` tuples of so many events. */
export function eventTuples(count: number, extraColumns = 0): string {
  return tuples(count, EVENT_INSERT_COLUMNS.length + extraColumns);
}

/** The items in batches that one INSERT can take, of `most` bytes; one that is larger has a batch of its own. */
export function batchesOf<T>(
  items: readonly T[],
  sizeOf: (item: T) => number,
  most = BYTES_PER_INSERT,
): T[][] {
  const batches: T[][] = [];
  let bytes = Infinity;
  for (const item of items) {
    const size = sizeOf(item) + ROW_BYTES;
    const fits = bytes + size <= most && batches.at(-1)!.length < ROWS_PER_INSERT;
    if (fits) batches.at(-1)!.push(item);
    else batches.push([item]);
    bytes = fits ? bytes + size : size;
  }
  return batches;
}

/** What the INSERT of an event has to carry. */
export function eventBytes(row: EventRow): number {
  const { key, group, payload, metadata, stream, orderKey, payloadBytes } = row;
  const texts = [key, group, payload, metadata, stream, orderKey];
  return texts.reduce((sum, text) => sum + bytesOf(text), payloadBytes?.length ?? 0);
}

function bytesOf(text: string | null): number {
  return text === null ? 0 : Buffer.byteLength(text);
}
