import type { ColumnForms } from './column-forms.js';
import type { DecisionSql } from './decision-sql.js';
import type { DeliverySql } from './delivery-sql.js';
import type { DriverCalls } from './driver-calls.js';
import type { HorizonProbe } from './horizon-probe.js';
import type { KeyOrder } from './key-order.js';
import type { LockSql } from './lock-sql.js';
import type { LogSql } from './log-sql.js';
import type { Requirements } from './requirements.js';
import type { SchemaSql } from './schema-sql.js';
import type { Signals } from './signals.js';
import type { Syntax } from './syntax.js';
import type { Transactions } from './transactions.js';

/**
 * What a database can do beyond what all of them can. The default of each is false, which is right of any database and
 * only slower: a dialect names what its database can.
 */
export interface Capabilities {
  /**
   * A DataSource has several connections at once. Where all callers share one, transactional handlers run one at a time
   * and have 5 seconds by default, and what the engine would do on a connection beside theirs it does on that one.
   */
  readonly pool?: boolean;
  /**
   * `append`, `claim` and `complete` are one statement each. Where they are several, the engine puts a transaction around
   * them, since a process may die in between, and reads before it claims, so that an empty queue costs no transaction.
   */
  readonly singleStatements?: boolean;
}

/**
 * All that differs by database, as small PORTS. A new database is one folder in `store/dialects` with the same file names,
 * one line in `store/db/dialects.ts`, and a run of the conformance suite.
 */
export interface Dialect {
  readonly can: Capabilities;
  readonly syntax: Syntax;
  readonly schema: SchemaSql;
  readonly requirements: Requirements;
  readonly driver: DriverCalls;
  readonly transactions: Transactions;
  readonly locks: LockSql;
  readonly log: LogSql;
  readonly decisions: DecisionSql;
  readonly deliveries: DeliverySql;
  readonly keyOrder: KeyOrder;
  readonly horizon: HorizonProbe;
  readonly columns: ColumnForms;
  /** Undefined where the database carries no messages: then processes look more often. */
  readonly signals?: Signals;
}
