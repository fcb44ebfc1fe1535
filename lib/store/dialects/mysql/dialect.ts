import { createHash } from 'node:crypto';
import { claimBySelect, completeBySelect } from '../shared/claim-by-select.js';
import type { ClaimRequest, Dialect } from '../../ports/dialect.js';
import { inList, type Sql } from '../../ports/sql.js';
import { append, deliver, unknownKeys } from './append.js';
import { abandon, ask } from './driver.js';
import { failure, LockTimeoutError } from './errors.js';
import { horizon } from './horizon.js';
import { keyOrder } from './key-order.js';
import { migrations } from './migrations.js';
import { raisePositions } from './positions.js';

/** In UTC, since local time runs back once a year; signed, so that differences may be negative. */
const NOW = "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000)";
const SKIP_LOCKED = 'FOR UPDATE SKIP LOCKED';
const LOCK_SECONDS = 60;

/** MariaDB 10.6 and later, MySQL 8.0.17 and later. */
export const mysql: Dialect = {
  name: 'mysql',
  now: NOW,
  isolation: 'READ COMMITTED',
  singleStatements: false,
  singleConnection: false,
  skipLocked: SKIP_LOCKED,
  forUpdate: 'FOR UPDATE',
  unknownKeys,
  versionQuery: 'SELECT version() AS version',
  migrations,
  horizon,
  keyOrder,
  quote: (name) => `\`${name.replaceAll('`', '``')}\``,
  prepare: (statement) => statement,
  dropExtras: (t) => ['position', 'epoch'].map((table) => `DROP TABLE IF EXISTS ${t.name(table)}`),
  catchUp: (sql, tables) => raisePositions(sql, tables),
  append,
  deliver,
  claim: (sql, tables, request) =>
    claimBySelect(sql, tables, request, { lock: claimLock(request), keyOrder }),
  complete: (sql, tables, workerId, ids, at) =>
    completeBySelect(sql, tables, workerId, ids, { lock: 'FOR UPDATE', at }),
  oneOf: inList,
  insertNew: (table, columns) =>
    `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})
     ON DUPLICATE KEY UPDATE ${columns[0]} = ${columns[0]}`,
  exclusively,
  yielding,
  failure,
  abandon,
  ask,
};

/** Statements lock rows beside those that they are for, for a moment: whoever wants certain ones now waits. */
function claimLock({ positions, patient }: ClaimRequest): string {
  return positions && patient ? 'FOR UPDATE' : SKIP_LOCKED;
}

/**
 * A lock of the session, since definitions commit at once here; named by a hash, since names may not be long. Made here:
 * MySQL 9.6 has no SHA1() any more, and processes of the release before ask for the lock by the same name.
 */
async function exclusively<T>(sql: Sql, name: string, work: () => Promise<T>): Promise<T> {
  const database = await sql.row<{ name: string }>('SELECT DATABASE() AS name');
  const lock = createHash('sha1').update(`${database!.name}${name}`).digest('hex');
  const row = await sql.row(`SELECT GET_LOCK(?, ${LOCK_SECONDS}) AS taken`, [lock]);
  if (Number(row?.taken) !== 1) throw new LockTimeoutError(name, LOCK_SECONDS);
  try {
    return await work();
  } finally {
    await sql.rows('SELECT RELEASE_LOCK(?) AS released', [lock]);
  }
}

/** In whole seconds, the shortest that there is; of the session, so it is put back. */
async function yielding<T>(sql: Sql, work: () => Promise<T>): Promise<T> {
  await sql.rows('SET SESSION innodb_lock_wait_timeout = 1');
  try {
    return await work();
  } finally {
    await sql.rows('SET SESSION innodb_lock_wait_timeout = @@GLOBAL.innodb_lock_wait_timeout');
  }
}
