import type { SqlPart, SqlTime } from '../../ports/dialect.js';
import {
  answersOf,
  deliveriesOf,
  EVENT_INSERT_COLUMNS,
  eventParameters,
  tagsOf,
  versionTaken,
} from '../shared/insert-rows.js';
import type { Appended, DeliveryRow, EventRow } from '../../ports/rows.js';
import type { Sql, Statement } from '../../ports/sql.js';
import type { Tables } from '../../ports/tables.js';
import { appendFunction, appendManyFunction } from './append-functions.js';
import { dueAt } from './due-at.js';
import { NOW } from './now.js';

/** One statement for all events, with their deliveries and tags. */
export async function append(
  sql: Sql,
  t: Tables,
  rows: readonly EventRow[],
  due: SqlTime,
): Promise<Appended[]> {
  const [row] = rows;
  const one = row !== undefined && rows.length === 1;
  const { text, parameters } = one ? appendOne(t, row, due) : appendMany(t, rows, due);
  const { answer } = (await sql.row<{ answer: string | null }>(text, parameters))!;
  const parsed = answer === null ? null : (JSON.parse(answer) as unknown);
  return one ? [answerOfOne(row, parsed as AnswerOfOne)] : answersOfMany(rows, parsed as AnswerOfMany);
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
function appendOne(t: Tables, row: EventRow, due: SqlTime): Statement {
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
function appendMany(t: Tables, rows: readonly EventRow[], due: SqlTime): Statement {
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
  return values.some((value) => value !== null && value !== undefined) ? given(values) : NULL;
}

/** The function knows the server's clock by itself: as an expression it would be planned at each call. */
function dueArgument(due: SqlTime): SqlPart {
  return due.sql === NOW ? NULL : { sql: `(${due.sql})::bigint`, parameters: due.parameters };
}

function call(name: string, args: readonly SqlPart[]): Statement {
  return {
    text: `SELECT ${name}(${args.map(({ sql }) => sql).join(', ')}) AS answer`,
    parameters: args.flatMap(({ parameters }) => parameters),
  };
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
