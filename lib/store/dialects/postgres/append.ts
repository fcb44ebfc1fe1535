import type { LogSql } from '../../ports/log-sql.js';
import type { DeliverySql } from '../../ports/delivery-sql.js';
import {
  answersOf,
  deliveriesOf,
  EVENT_INSERT_COLUMNS,
  eventParameters,
  tagsOf,
  versionTaken,
} from '../shared/insert-rows.js';
import type { Appended, DeliveryRow, EventRow } from '../../ports/rows.js';
import type { SqlPart, SqlTime } from '../../ports/sql.js';
import type { Tables } from '../../ports/tables.js';
import { bucketsOfRows } from '../../ports/tag-buckets.js';
import { appendFunction, appendManyFunction } from './append-functions.js';
import { arrayLiteral } from './array-literal.js';
import { appendLarge, isLarge } from './append-large.js';
import { shareFunction } from './decision-functions.js';
import { NOW } from './now.js';

/** One statement for all events, with their deliveries and tags, as long as one message may carry them. */
export const append: LogSql['append'] = async (sql, t, rows, due) => {
  if (rows.length > 1 && isLarge(rows)) return appendLarge(sql, t, rows, due);
  const append = appendCall(t, rows, due);
  const shared = shareCall(t, rows);
  const row = await sql.row<{ answer: string | null }>(
    `SELECT ${append.sql} AS answer ${shared ? `FROM ${shared.sql}` : ''}`,
    [...append.parameters, ...(shared?.parameters ?? [])],
  );
  return answered(rows, row!.answer);
};

/** The call of the function that appends the rows, whose answer `answered` reads. */
export function appendCall(t: Tables, rows: readonly EventRow[], due: SqlTime): SqlPart {
  return rows.length === 1 ? appendOne(t, rows[0]!, due) : appendMany(t, rows, due);
}

export function answered(rows: readonly EventRow[], answer: string | null): Appended[] {
  const parsed = answer === null ? null : (JSON.parse(answer) as unknown);
  return rows.length === 1
    ? [answerOfOne(rows[0]!, parsed as AnswerOfOne)]
    : answersOfMany(rows, parsed as AnswerOfMany);
}

/** A call that locks the buckets of the rows' tags: in FROM, it is done before anything is appended. Undefined without tags. */
function shareCall(t: Tables, rows: readonly EventRow[]): SqlPart | undefined {
  const buckets = bucketsOfRows(rows);
  return buckets && { sql: `${shareFunction(t)}(?::integer[])`, parameters: [buckets] };
}

/** Its position, the group under which its key is there, null where that cannot be seen, false where its version is taken. */
type AnswerOfOne = number | string | null | false;

function answerOfOne(row: EventRow, answer: AnswerOfOne): Appended {
  if (typeof answer === 'number') return { kind: 'recorded', position: answer };
  if (answer === false) return versionTaken([row], row)[0]!;
  return { kind: 'known', group: answer ?? undefined };
}

interface AnswerOfMany {
  places: (number | null)[];
  groups: Record<string, string> | null;
  /** The row, 1-based, whose version is taken. */
  taken?: number;
}

function answersOfMany(rows: readonly EventRow[], { places, groups, taken }: AnswerOfMany): Appended[] {
  if (taken !== undefined) return versionTaken(rows, rows[taken - 1]!);
  const positions = places.map((place) => place ?? undefined);
  return answersOf(rows, positions, new Map(Object.entries(groups ?? {})));
}

/** The first delivery is arguments of its own: taking it out of arrays costs a tenth of what the statement does. */
function appendOne(t: Tables, row: EventRow, due: SqlTime): SqlPart {
  const [first, ...others] = deliveriesOf([row], [0]);
  const delivery = first && [first.handlerId, first.rank, first.orderKey, first.workerId, first.wait];
  return call(appendFunction(t), [
    ...eventParameters(row).map(given),
    ...(delivery ?? NONE).map(given),
    dueArgument(due),
    others.length > 0 ? given(JSON.stringify(others.map(deliveryRecord))) : NULL,
    row.tags.length > 0 ? given(row.tags) : NULL,
  ]);
}

function deliveryRecord({ handlerId, rank, orderKey, workerId, wait }: DeliveryRow): object {
  return { handler: handlerId, rank, keyed: orderKey, worker: workerId, wait };
}

/** Rows are numbered from 1 in place of their positions. */
function appendMany(t: Tables, rows: readonly EventRow[], due: SqlTime): SqlPart {
  const numbers = rows.map((_, index) => index + 1);
  const deliveries = deliveriesOf(rows, numbers);
  const tags = tagsOf(rows, numbers);
  const events = rows.map(eventParameters);
  return call(appendManyFunction(t), [
    ...EVENT_INSERT_COLUMNS.map((_, column) => array(events.map((event) => event[column]))),
    array(deliveries.map(({ position }) => position)),
    array(deliveries.map(({ handlerId }) => handlerId)),
    array(deliveries.map(({ rank }) => rank)),
    array(deliveries.map(({ orderKey }) => orderKey)),
    array(deliveries.map(({ workerId }) => workerId)),
    array(deliveries.map(({ wait }) => wait)),
    dueArgument(due),
    array(tags.map(([, number]) => number)),
    array(tags.map(([tag]) => tag)),
  ]);
}

const NONE = [null, null, null, null, null];

const NULL: SqlPart = { sql: 'NULL', parameters: [] };

/** An argument; what is null needs no parameter. */
function given(value: unknown): SqlPart {
  return value === null || value === undefined ? NULL : { sql: '?', parameters: [value] };
}

/** An array; one without values is null. */
function array(values: readonly unknown[]): SqlPart {
  const isEmpty = values.every((value) => value === null || value === undefined);
  return isEmpty ? NULL : given(arrayLiteral(values) ?? values);
}

/** The function knows the server's clock by itself: as an expression it would be planned at each call. */
function dueArgument(due: SqlTime): SqlPart {
  return due.sql === NOW ? NULL : { sql: `(${due.sql})::bigint`, parameters: due.parameters };
}

function call(name: string, args: readonly SqlPart[]): SqlPart {
  return {
    sql: `${name}(${args.map(({ sql }) => sql).join(', ')})`,
    parameters: args.flatMap(({ parameters }) => parameters),
  };
}

export const deliver: DeliverySql['create'] = async (sql, t, rows, due) => {
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
};

/** Mostly all are known: then there is nothing to send back. As JSON, since the driver makes arrays slowly. */
export const unknownKeys: LogSql['unknownKeys'] = async (sql, t, keys) => {
  const rows = await sql.rows<{ key: string }>(
    `SELECT k.key FROM json_array_elements_text(?::json) AS k (key)
     WHERE NOT EXISTS (SELECT 1 FROM ${t.event} e WHERE e.event_key = k.key COLLATE "C")`,
    [JSON.stringify(keys)],
  );
  return rows.map(({ key }) => key);
};

/** SQL of when a delivery is due; where some wait (`d.wait`) they do so from the time on at which the others are due. */
function dueAt(availableAt: string, now: string, waits: boolean): string {
  return waits ? `greatest(${availableAt}, ${now}) + d.wait` : `coalesce(${availableAt}, ${now})`;
}
