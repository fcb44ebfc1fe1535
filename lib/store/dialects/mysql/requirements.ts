import { neededRights, type Requirements, type TableRights } from '../../ports/requirements.js';
import type { Sql } from '../../ports/sql.js';
import type { Tables } from '../../ports/tables.js';
import { triedRights } from '../shared/tried-rights.js';
import { errorNumber } from './errors.js';
import { buckets } from './statements.js';

/** Of one, two, three and four bytes. */
const TEXT = 'a\u00e9\u20ac\u{1f600}';

/** A right on a table or the database, a server or a transaction that is read-only. */
const REFUSALS: readonly (number | undefined)[] = [1044, 1142, 1143, 1290, 1370, 1792, 1836];

/** Only some of these exist on each server. */
const NAMES = ['autocommit', 'binlog_format', 'log_bin', 'sql_mode', 'transaction_read_only', 'tx_read_only'];

type Settings = ReadonlyMap<string, string>;

const PROBLEMS: readonly [isWrong: (settings: Settings) => boolean, problem: string][] = [
  [
    (is) => is.get('log_bin') === 'ON' && is.get('binlog_format') === 'STATEMENT',
    "binlog_format is STATEMENT, which takes no statement of READ COMMITTED: set it to ROW or MIXED in the server's configuration",
  ],
  [
    (is) => modes(is).includes('NO_BACKSLASH_ESCAPES'),
    'sql_mode has NO_BACKSLASH_ESCAPES, but the driver mysql2 escapes texts with backslashes, so that one with a quote ends in the middle: take it out',
  ],
  [
    (is) => modes(is).includes('EMPTY_STRING_IS_NULL'),
    'sql_mode has EMPTY_STRING_IS_NULL, so that an empty text is stored as none: take it out',
  ],
  [
    (is) => is.get('autocommit') === 'OFF',
    'autocommit is off, so that statements outside of transactions are never committed: set it to 1',
  ],
  [
    (is) => (is.get('transaction_read_only') ?? is.get('tx_read_only')) === 'ON',
    'transactions are read-only by default (transaction_read_only): set it to 0, and connect to the primary',
  ],
];

function modes(settings: Settings): string[] {
  return (settings.get('sql_mode') ?? '').split(',');
}

/** Of the tables that only this database has. */
const ownRights = (t: Tables): TableRights[] => [
  { table: t.name('position'), column: 'id', rights: ['INSERT', 'DELETE'] },
  { table: t.name('epoch'), column: 'id', rights: ['SELECT'] },
  { table: buckets(t), column: 'id', rights: ['SELECT'] },
];

export const requirements: Requirements = {
  settings: async (sql) => [...(await wrongSettings(sql)), ...(await lossyText(sql))],
  rights: (sql, t, handles) =>
    triedRights(sql, [...neededRights(t, handles), ...ownRights(t)], (error) =>
      REFUSALS.includes(errorNumber(error)),
    ),
};

async function wrongSettings(sql: Sql): Promise<string[]> {
  const names = NAMES.map((name) => `'${name}'`).join(', ');
  const rows = await sql.rows<{ Variable_name: string; Value: string }>(
    `SHOW SESSION VARIABLES WHERE Variable_name IN (${names})`,
  );
  const settings = new Map(rows.map((row) => [row.Variable_name, row.Value]));
  return PROBLEMS.flatMap(([isWrong, problem]) => (isWrong(settings) ? [problem] : []));
}

/** Two keys that differ in such a character alone would be one. */
async function lossyText(sql: Sql): Promise<string[]> {
  const row = await sql.row('SELECT HEX(CONVERT(? USING utf8mb4)) AS arrived', [TEXT]);
  if (String(row!.arrived).toLowerCase() === Buffer.from(TEXT).toString('hex')) return [];
  return ["the connection does not carry every character: set the DataSource's option charset to 'utf8mb4'"];
}
