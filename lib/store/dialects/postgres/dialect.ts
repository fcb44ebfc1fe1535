import type { Dialect, FailureKind } from '../../ports/dialect.js';
import { keyOrderByProbe } from '../shared/key-order.js';
import type { Sql } from '../../ports/sql.js';
import { append, deliver, unknownKeys } from './append.js';
import { claim, complete } from './claim.js';
import { dropAppendFunctions } from './append-functions.js';
import { abandon, ask, surviveEndedSessions } from './driver.js';
import { dropFunctions } from './functions.js';
import { horizon } from './horizon.js';
import { signals } from './signals.js';
import { migrations } from './migrations.js';
import { NOW } from './now.js';

const prepared = new Map<string, string>();

/** PostgreSQL 13 and later. */
export const postgres: Dialect = {
  name: 'postgres',
  now: NOW,
  isolation: 'READ COMMITTED',
  isolationQuery: "SELECT upper(current_setting('default_transaction_isolation')) AS isolation",
  singleStatements: true,
  singleConnection: false,
  skipLocked: 'FOR UPDATE SKIP LOCKED',
  forUpdate: 'FOR UPDATE',
  migrations,
  signals,
  horizon,
  keyOrder: keyOrderByProbe,
  quote: (name) => `"${name.replaceAll('"', '""')}"`,
  prepare: numbered,
  install: surviveEndedSessions,
  dropExtras: (t) => [
    ...dropAppendFunctions(t),
    ...dropFunctions(t),
    `DROP SEQUENCE IF EXISTS ${t.name('event_position')}`,
  ],
  append,
  deliver,
  claim,
  complete,
  unknownKeys,
  versionQuery: 'SELECT version() AS version',
  // An array made by a subquery: see `claimOf`.
  oneOf: (numbers) => ({ sql: '= ANY(ARRAY(SELECT unnest(?::bigint[])))', parameters: [numbers] }),
  insertNew: (table, columns) =>
    `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')}) ON CONFLICT DO NOTHING`,
  exclusively,
  yielding,
  failure,
  abandon,
  ask,
};

/** `$1, $2, …` for `?`; the product's statements hold no `?` in strings. */
function numbered(statement: string): string {
  const known = prepared.get(statement);
  if (known) return known;
  let count = 0;
  const result = statement.replace(/\?/g, () => `$${++count}`);
  if (prepared.size < 1000) prepared.set(statement, result);
  return result;
}

/** The lock ends with the transaction, so it cannot outlive a crash. */
async function exclusively<T>(sql: Sql, name: string, work: () => Promise<T>): Promise<T> {
  await sql.rows('SELECT pg_advisory_xact_lock(hashtext(?))', [name]);
  return work();
}

/** Below the server's `deadlock_timeout` of one second: this side gives up before the deadlock detector picks one. */
async function yielding<T>(sql: Sql, work: () => Promise<T>): Promise<T> {
  await sql.rows(`SET LOCAL lock_timeout = '500ms'`);
  return work();
}

function failure(error: unknown): FailureKind {
  const code =
    (error as { driverError?: { code?: string } }).driverError?.code ?? (error as { code?: string }).code;
  if (code === '40001' || code === '40P01') return 'conflict';
  if (code === '23505') return 'duplicate';
  return code === '55P03' ? 'lock' : 'other';
}
