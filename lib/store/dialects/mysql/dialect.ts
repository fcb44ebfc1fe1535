import { MYSQL } from './column-forms.js';
import { createHash } from 'node:crypto';
import { bySelect } from '../shared/claim-by-select.js';
import type { LockSql } from '../../ports/lock-sql.js';
import type { Dialect } from '../../ports/dialect.js';
import { inList, marks, type Sql } from '../../ports/sql.js';
import { append, deliver, unknownKeys } from './append.js';
import { decisions } from './decisions.js';
import { abandon, endedBy, send } from './driver.js';
import { failure, LockTimeoutError } from './errors.js';
import { horizon } from './horizon.js';
import { keyOrder } from './key-order.js';
import { migrations } from './migrations.js';
import { requirements } from './requirements.js';
import { raisePositions } from './positions.js';

/** In UTC, since local time runs back once a year; signed, so that differences may be negative. */
const NOW = "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000)";
const LOCK_SECONDS = 60;

const locks: LockSql = {
  skipLocked: 'FOR UPDATE SKIP LOCKED',
  forUpdate: 'FOR UPDATE',
  forShare: 'LOCK IN SHARE MODE',
  exclusively,
  yielding,
};

/** MariaDB 10.6 and later, MySQL 8.0.17 and later. */
export const mysql: Dialect = {
  can: { pool: true },
  syntax: {
    now: NOW,
    quote: (name) => `\`${name.replaceAll('`', '``')}\``,
    prepare: (statement) => statement,
    oneOf: inList,
    contains: (column) => `LOCATE(CAST(? AS BINARY), CAST(${column} AS BINARY)) > 0`,
    insertNew: (table, columns) =>
      `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${marks(columns.length)})
       ON DUPLICATE KEY UPDATE ${columns[0]} = ${columns[0]}`,
  },
  schema: {
    migrations,
    serverQuery: 'SELECT version() AS version',
    dropExtras: (t) =>
      ['position', 'epoch', 'bucket'].map((table) => `DROP TABLE IF EXISTS ${t.name(table)}`),
    catchUp: (sql, tables) => raisePositions(sql, tables),
  },
  requirements,
  driver: { send, abandon, endedBy },
  transactions: { isolation: 'READ COMMITTED', failure },
  locks,
  log: { append, unknownKeys },
  decisions,
  deliveries: { create: deliver, ...bySelect(locks, keyOrder) },
  keyOrder,
  horizon,
  columns: { faithful: MYSQL, exactTime: (column) => `CAST(${column} AS char)` },
};

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

/** In whole seconds, the shortest that there is; of the session, so what the application has set there is put back. */
async function yielding<T>(sql: Sql, work: () => Promise<T>): Promise<T> {
  const row = await sql.row('SELECT @@SESSION.innodb_lock_wait_timeout AS seconds');
  const wait = (seconds: number) => sql.rows('SET SESSION innodb_lock_wait_timeout = ?', [seconds]);
  await wait(1);
  try {
    return await work();
  } finally {
    await wait(Number(row!.seconds));
  }
}
