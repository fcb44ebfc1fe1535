import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { Gate } from './gate.js';
import { gatedClass, type RunnerClass } from './gated-class.js';
import { GatedRunner } from './gated-runner.js';
import type { Occupant } from './hold.js';
import { type BroadcasterClass, scopedBroadcaster } from './scoped-broadcaster.js';
import {
  assertGateable,
  driverOf,
  type SqliteConnection,
  type SqliteDriver,
  type SqliteRunner,
  type SqliteStatement,
} from './sqlite-runner.js';

export interface GateOptions {
  /** Milliseconds that a statement or transaction waits for the connection, or for another process. Default 30 s. */
  waitLimit?: number;
  /** A number in [0, 1), by which waits for other processes vary. Default `Math.random`. */
  random?: () => number;
}

type Work = (manager: EntityManager) => Promise<unknown>;
type SharedStatements = WeakMap<SqliteConnection, Map<string, SqliteStatement>>;

const DEFAULT_WAIT_LIMIT = 30_000;
/** Waiting synchronously, SQLite would stop the event loop: the gate waits instead. */
const BUSY_TIMEOUT = 'busy_timeout = 0';

const gates = new WeakMap<SqliteDriver, Gate>();

/**
 * Makes concurrent use of a SQLite DataSource correct. TypeORM gives every caller the same query runner on the same
 * connection, so that transactions and statements of different callers end up in each other. With the gate
 *
 * - every query runner has transactions of its own; while one is open, everything else waits for it;
 * - what is called inside of a `transaction()` callback or a subscriber without its manager joins that transaction;
 * - other processes' locks are waited for without blocking the event loop.
 *
 * A wait longer than the limit ends with a `SqliteGateTimeoutError` that names who holds the connection. To be called
 * before the DataSource is used concurrently, initialised or not. Installing twice is a no-op.
 */
export function installGate(dataSource: DataSource, options: GateOptions = {}): void {
  const driver = driverOf(dataSource);
  if (gates.has(driver)) return;
  const { waitLimit = DEFAULT_WAIT_LIMIT, random = Math.random } = options;
  const gate = new Gate(() => driver.databaseConnection, waitLimit);
  gates.set(driver, gate);
  gateConnections(driver, gate);
  gateRunners(driver, gate, random);
  gateManagers(dataSource, gate);
}

/**
 * The query runner of the transaction that the caller is inside of: of a `transaction()` callback, or of a save whose
 * subscriber it is; undefined elsewhere, and once that transaction has ended.
 */
export function joinedRunner(dataSource: DataSource): QueryRunner | undefined {
  const gate = gates.get(driverOf(dataSource));
  return gate?.scope && (gate.transaction?.occupant as QueryRunner | undefined);
}

/** How many transactions and savepoints are open on the runner, those of the transaction that it works inside of included. */
export function depthOf(runner: QueryRunner): number {
  return (runner as unknown as Occupant).transactionDepth;
}

/**
 * The query runner whose commit decides on what this one does: this one itself, unless it works inside of another's
 * transaction. Their depths can be compared.
 */
export function outermostRunner(runner: QueryRunner): QueryRunner {
  const gate = gates.get(driverOf(runner.dataSource));
  const isInside = runner.isTransactionActive && depthOf(runner) > 0;
  return isInside ? ((gate?.transaction?.occupant as QueryRunner | undefined) ?? runner) : runner;
}

/** Calls `work` inside of the runner's transaction, as a `transaction()` callback is: what it calls joins that, with whatever manager. */
export function inside<T>(runner: QueryRunner, work: () => T): T {
  const gate = gates.get(driverOf(runner.dataSource));
  return gate ? gate.inside(runner as unknown as Occupant, work) : work();
}

function gateConnections(driver: SqliteDriver, gate: Gate): void {
  const connect = driver.connect.bind(driver);
  driver.connect = async () => {
    await connect();
    driver.databaseConnection!.pragma(BUSY_TIMEOUT);
  };
  const disconnect = driver.disconnect.bind(driver);
  driver.disconnect = async () => {
    // A connection of libsql that is closed within a transaction keeps the file locked until it is collected.
    if (gate.inTransaction) driver.databaseConnection!.exec('ROLLBACK');
    await disconnect();
    gate.reset();
  };
  if (driver.databaseConnection?.open) driver.databaseConnection.pragma(BUSY_TIMEOUT);
}

function gateRunners(driver: SqliteDriver, gate: Gate, random: () => number): void {
  const statements: SharedStatements = new WeakMap();
  const busy = { limit: gate.waitLimit, random };
  const shared = driver.createQueryRunner('master');
  assertGateable(driver, shared);
  const Broadcaster = scopedBroadcaster(shared.broadcaster.constructor as BroadcasterClass, gate);
  const gated = gatedClass(shared.constructor as RunnerClass, (runner, base) => {
    shareStatements(runner, driver.databaseConnection, statements);
    runner.broadcaster = new Broadcaster(runner);
    return new GatedRunner(runner, base, gate, () => driver.databaseConnection!, busy);
  });
  gated.adopt(shared);
  if (driver.databaseConnection) gate.adopt(shared);
  driver.createQueryRunner = () => new gated.make(driver);
}

function shareStatements(
  runner: SqliteRunner,
  connection: SqliteConnection | undefined,
  statements: SharedStatements,
): void {
  if (!connection) return;
  const shared = statements.get(connection);
  if (shared) runner.stmtCache = shared;
  else statements.set(connection, runner.stmtCache);
}

function gateManagers(dataSource: DataSource, gate: Gate): void {
  const create = dataSource.createEntityManager.bind(dataSource);
  dataSource.createEntityManager = (runner) => withScope(create(runner), gate);
  withScope(dataSource.manager, gate);
}

/** What a `transaction()` callback calls is inside of its transaction, with whatever manager. */
function withScope(manager: EntityManager, gate: Gate): EntityManager {
  const transaction = manager.transaction.bind(manager) as (...args: unknown[]) => Promise<unknown>;
  const scoped = (work: Work) => (inner: EntityManager) =>
    gate.inside(inner.queryRunner as unknown as Occupant, () => work(inner));
  manager.transaction = (...args: unknown[]) =>
    transaction(...args.map((arg) => (typeof arg === 'function' ? scoped(arg as Work) : arg)));
  return manager;
}
