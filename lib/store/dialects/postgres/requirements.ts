import { neededRights, type Requirements, type TableRights } from '../../ports/requirements.js';
import type { Sql } from '../../ports/sql.js';
import type { Tables } from '../../ports/tables.js';
import { appendFunction, appendManyFunction } from './append-functions.js';
import { decideFunction, shareFunction } from './decision-functions.js';
import { claimFunction, completeFunction } from './functions.js';
import { taggedFunction } from './tagged-function.js';

export const requirements: Requirements = { settings, rights };

/** Setting, the value that it may not have, and what that does. */
const WRONG: readonly [name: string, value: string, problem: string][] = [
  [
    'array_nulls',
    'off',
    "array_nulls is off, so that the null of an array is stored as the text 'NULL': set it to on",
  ],
  [
    'transaction_read_only',
    'on',
    'transactions are read-only: set default_transaction_read_only to off, and connect to the primary',
  ],
];

async function settings(sql: Sql): Promise<string[]> {
  const columns = WRONG.map(([name]) => `current_setting('${name}') AS ${name}`);
  const row = (await sql.row(`SELECT ${columns.join(', ')}`))!;
  return WRONG.flatMap(([name, value, problem]) => (row[name] === value ? [problem] : []));
}

/** What is not there is nobody's to grant: it fails as it would. */
async function rights(sql: Sql, t: Tables, handles: boolean): Promise<string[]> {
  const appending = [
    appendFunction(t),
    appendManyFunction(t),
    shareFunction(t),
    decideFunction(t),
    taggedFunction(t),
  ];
  const handling = handles ? [claimFunction(t), completeFunction(t)] : [];
  return [
    ...(await missingOnTables(sql, neededRights(t, handles))),
    // The horizon reads it.
    ...(await missingOnSequence(sql, t.name('event_position'), handles ? ['USAGE', 'SELECT'] : ['USAGE'])),
    ...(await missingOnFunctions(sql, [...appending, ...handling])),
  ];
}

async function missingOnTables(sql: Sql, needed: readonly TableRights[]): Promise<string[]> {
  const pairs = needed.flatMap(({ table, rights }) => rights.map((right) => ({ table, right })));
  const rows = await sql.rows<{ name: string; right: string }>(
    `SELECT n.name, n."right" FROM unnest(?::text[], ?::text[]) AS n (name, "right")
     WHERE NOT has_table_privilege(to_regclass(n.name)::oid, n."right")`,
    [pairs.map(({ table }) => table), pairs.map(({ right }) => right)],
  );
  return rows.map(({ name, right }) => missing(right, name));
}

async function missingOnSequence(sql: Sql, name: string, needed: readonly string[]): Promise<string[]> {
  const rows = await sql.rows<{ right: string }>(
    `SELECT n."right" FROM unnest(?::text[]) AS n ("right")
     WHERE NOT has_sequence_privilege(to_regclass(?)::oid, n."right")`,
    [needed, name],
  );
  return rows.map(({ right }) => missing(right, `SEQUENCE ${name}`));
}

async function missingOnFunctions(sql: Sql, names: readonly string[]): Promise<string[]> {
  const rows = await sql.rows<{ name: string }>(
    `SELECT n.name FROM unnest(?::text[]) AS n (name)
     WHERE NOT has_function_privilege(to_regproc(n.name)::oid, 'EXECUTE')`,
    [names],
  );
  return rows.map(({ name }) => missing('EXECUTE', `FUNCTION ${name}`));
}

function missing(right: string, on: string): string {
  return `the user of the database lacks a right: GRANT ${right} ON ${on}`;
}
