import { SQLITE } from './column-forms.js';
import { bySelect } from '../shared/claim-by-select.js';
import type { Dialect } from '../../ports/dialect.js';
import type { FailureKind } from '../../ports/transactions.js';
import { keyOrderByProbe } from '../shared/key-order.js';
import type { LockSql } from '../../ports/lock-sql.js';
import { inList, marks } from '../../ports/sql.js';
import { append, deliver, unknownKeys } from './append.js';
import { decisions } from './decisions.js';
import { sendThroughGate } from './gate/gated-class.js';
import { depthOf, inside, installGate, outermostRunner } from './gate/install-gate.js';
import { horizon } from './horizon.js';
import { migrations } from './migrations.js';
import { requirements } from './requirements.js';

const NOW = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";

/** BEGIN IMMEDIATE makes every transaction the only one that writes, across processes too. */
const locks: LockSql = {
  skipLocked: '',
  forUpdate: '',
  forShare: '',
  exclusively: (_sql, _name, work) => work(),
  yielding: (_sql, work) => work(),
};

/** SQLite 3.42 and later, through `better-sqlite3` or `libsql`. */
export const sqlite: Dialect = {
  can: {},
  syntax: {
    now: NOW,
    quote: (name) => `"${name.replaceAll('"', '""')}"`,
    prepare: (statement) => statement,
    oneOf: inList,
    contains: (column) => `instr(${column}, ?) > 0`,
    insertNew: (table, columns) =>
      `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${marks(columns.length)}) ON CONFLICT DO NOTHING`,
  },
  schema: { migrations, dropExtras: () => [] },
  requirements,
  driver: { install: (dataSource) => installGate(dataSource), send: sendThroughGate },
  transactions: { failure, depthOf, outermostRunner, inside },
  locks,
  log: { append, unknownKeys },
  decisions,
  deliveries: { create: deliver, ...bySelect(locks, keyOrderByProbe) },
  keyOrder: keyOrderByProbe,
  horizon,
  columns: { faithful: SQLITE },
};

const DUPLICATE = /^SQLITE_CONSTRAINT_(UNIQUE|PRIMARYKEY|ROWID)$/;

function failure(error: unknown): FailureKind {
  const code = (error as { driverError?: { code?: string } }).driverError?.code ?? '';
  if (DUPLICATE.test(code)) return 'duplicate';
  // SQLite has no code of its own for that.
  if ((error as Error).message.includes('no such table')) return 'missingTable';
  return code.startsWith('SQLITE_BUSY') ? 'lock' : 'other';
}
