import { POSTGRES } from './column-forms.js';
import type { Dialect } from '../../ports/dialect.js';
import type { FailureKind } from '../../ports/transactions.js';
import { keyOrderByProbe } from '../shared/key-order.js';
import { marks, type Sql } from '../../ports/sql.js';
import { append, deliver, unknownKeys } from './append.js';
import { claim, complete } from './claim.js';
import { dropAppendFunctions } from './append-functions.js';
import { dropDecisionFunctions } from './decision-functions.js';
import { decisions } from './decisions.js';
import { abandon, endedBy, send, surviveEndedSessions } from './driver.js';
import { dropFunctions } from './functions.js';
import { horizon } from './horizon.js';
import { signals } from './signals.js';
import { migrations } from './migrations.js';
import { requirements } from './requirements.js';
import { NOW } from './now.js';

const prepared = new Map<string, string>();

/** PostgreSQL 13 and later. */
export const postgres: Dialect = {
  can: { pool: true, singleStatements: true },
  syntax: {
    now: NOW,
    quote: (name) => `"${name.replaceAll('"', '""')}"`,
    prepare: numbered,
    // An array made by a subquery: see `claimOf`.
    oneOf: (numbers) => ({ sql: '= ANY(ARRAY(SELECT unnest(?::bigint[])))', parameters: [numbers] }),
    contains: (column) => `strpos(${column}, ?) > 0`,
    insertNew: (table, columns) =>
      `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${marks(columns.length)}) ON CONFLICT DO NOTHING`,
  },
  schema: {
    migrations,
    dropExtras: (t) => [
      ...dropAppendFunctions(t),
      ...dropDecisionFunctions(t),
      ...dropFunctions(t),
      `DROP SEQUENCE IF EXISTS ${t.name('event_position')}`,
    ],
  },
  requirements,
  driver: { install: surviveEndedSessions, send, abandon, endedBy },
  transactions: {
    isolation: 'READ COMMITTED',
    isolationQuery: "SELECT upper(current_setting('default_transaction_isolation')) AS isolation",
    failure,
  },
  locks: {
    skipLocked: 'FOR UPDATE SKIP LOCKED',
    forUpdate: 'FOR UPDATE',
    forShare: 'FOR SHARE',
    exclusively,
    yielding,
  },
  log: { append, unknownKeys },
  decisions,
  deliveries: { create: deliver, claim, complete },
  keyOrder: keyOrderByProbe,
  horizon,
  columns: { faithful: POSTGRES, exactTime: (column) => `CAST(${column} AS text)` },
  signals,
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
  // Of a character that the database's encoding lacks, or that none has.
  if (code === '22P05' || code === '22021') return 'text';
  if (code === '25006') return 'readOnly';
  if (code === '42P01') return 'missingTable';
  return code === '55P03' ? 'lock' : 'other';
}
