import { claimBySelect, completeBySelect } from '../shared/claim-by-select.js';
import type { Dialect, FailureKind } from '../../ports/dialect.js';
import { keyOrderByProbe } from '../shared/key-order.js';
import { inList } from '../../ports/sql.js';
import { append, deliver, unknownKeys } from './append.js';
import { depthOf, installGate, outermostRunner } from './gate/install-gate.js';
import { horizon } from './horizon.js';
import { migrations } from './migrations.js';

const NOW = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";

/** SQLite 3.42 and later, through `better-sqlite3` or `libsql`. */
export const sqlite: Dialect = {
  name: 'sqlite',
  now: NOW,
  singleStatements: false,
  singleConnection: true,
  skipLocked: '',
  forUpdate: '',
  unknownKeys,
  versionQuery: 'SELECT sqlite_version() AS version',
  migrations,
  horizon,
  keyOrder: keyOrderByProbe,
  quote: (name) => `"${name.replaceAll('"', '""')}"`,
  prepare: (statement) => statement,
  install: (dataSource) => installGate(dataSource),
  depthOf,
  outermostRunner,
  dropExtras: () => [],
  append,
  deliver,
  claim: (sql, tables, request) =>
    claimBySelect(sql, tables, request, { lock: '', keyOrder: keyOrderByProbe }),
  complete: (sql, tables, workerId, ids, at) =>
    completeBySelect(sql, tables, workerId, ids, { lock: '', at }),
  oneOf: inList,
  insertNew: (table, columns) =>
    `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')}) ON CONFLICT DO NOTHING`,
  // BEGIN IMMEDIATE makes every transaction the only one that writes, across processes too.
  exclusively: (_sql, _name, work) => work(),
  yielding: (_sql, work) => work(),
  failure,
};

const DUPLICATE = /^SQLITE_CONSTRAINT_(UNIQUE|PRIMARYKEY|ROWID)$/;

function failure(error: unknown): FailureKind {
  const code = (error as { driverError?: { code?: string } }).driverError?.code ?? '';
  if (DUPLICATE.test(code)) return 'duplicate';
  return code.startsWith('SQLITE_BUSY') ? 'lock' : 'other';
}
