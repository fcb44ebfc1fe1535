import type { DataSource, QueryRunner } from 'typeorm';
import type { Appended, ClaimedDelivery, DeliveryRow, EventRow } from './rows.js';
import type { Signals } from './signals.js';
import type { Ask, Sql } from './sql.js';
import type { Tables } from './tables.js';

export type DatabaseName = 'sqlite' | 'postgres' | 'mysql';

/** How many deliveries of one handler a worker takes at most. */
export interface ClaimQuota {
  handlerId: number;
  take: number;
}

export interface ClaimRequest {
  workerId: number;
  quotas: readonly ClaimQuota[];
  /** SQL of the time against which due times are compared, with its parameters. */
  due: SqlTime;
  /** Only deliveries that may have killed their process, those rescued `SUSPECT_RESCUES` times; else only others. */
  suspects: boolean;
  /** Only deliveries of these events. */
  positions?: readonly number[];
  /** Wait for another process that is claiming of the same handler, instead of leaving it to a later claim. */
  patient?: boolean;
  /** Only those that are first in their order key (`KeyOrder.isHead`); else only those without an order key. */
  keyed?: boolean;
}

/** A look at some of the order keys in which a handler has open deliveries. */
export interface KeyScan {
  handlerId: number;
  /** Only keys behind this one, byte by byte; `''` for all. */
  after: string;
  /** Keys at most, 1 or more. */
  limit: number;
  due: SqlTime;
}

/** The first open delivery of one order key: the one that runs, else the earliest in the log. */
export interface KeyHead {
  orderKey: string;
  position: number;
  running: boolean;
  /** Milliseconds until it is due, 0 or less when it is. */
  dueIn: number;
  rescues: number;
}

export interface KeyPage {
  heads: KeyHead[];
  /** No key is behind the last of these. */
  end: boolean;
}

/**
 * Order keys as deliveries wait in them. Neither may read what waits behind the first of a key: that can be a hundred
 * thousand rows, at every claim.
 */
export interface KeyOrder {
  /** Of the next keys, in their order. */
  heads(sql: Sql, tables: Tables, scan: KeyScan): Promise<KeyPage>;
  /** SQL: the delivery `alias` has an order key, none of that key runs, and none is pending before it in the log. */
  isHead(tables: Tables, alias: string): string;
}

/** A piece of SQL with its parameters. */
export interface SqlPart {
  sql: string;
  parameters: readonly unknown[];
}

/** A time in epoch milliseconds as SQL: the database's clock, or the application's as a parameter. */
export type SqlTime = SqlPart;

/** A delivery as its worker names it when it gives it back. */
export interface DeliveryId {
  handlerId: number;
  position: number;
}

/** An event's place below which no position can appear any more, read in two steps. */
export interface HorizonProbe {
  /** Notes the highest position given out so far and what is still open. */
  note(sql: Sql): Promise<HorizonNote>;
  /** True once all that was open at the note has ended: every position up to it is decided. */
  settled(sql: Sql, note: HorizonNote): Promise<boolean>;
}

export interface HorizonNote {
  position: number;
  /** What was open, in the dialect's own terms; kept in memory only: it means nothing after a restart. */
  open?: unknown;
}

export interface Migration {
  version: number;
  name: string;
  /** `version` is what the server says of itself: MariaDB and MySQL share a dialect. */
  statements(tables: Tables, version: string): string[];
  /** Drops what it made, be it there or not; without it, the way back is to drop everything. */
  undo?(tables: Tables): string[];
}

/** What a database failed with, as far as the engine reacts to it. */
export type FailureKind = 'conflict' | 'lock' | 'duplicate' | 'other';

/**
 * PORT. All that differs by database: flags and SQL. A new database is one folder in
 * `store/dialects` with the same file names, one line in `store/db/dialects.ts`, and a run of the conformance suite.
 */
export interface Dialect {
  readonly name: DatabaseName;
  /** SQL of the database's clock in epoch milliseconds, moving on within a transaction. */
  readonly now: string;
  /** The isolation level of the engine's own transactions; undefined leaves the only one there is. */
  readonly isolation?: 'READ COMMITTED';
  /** Reads, as `isolation`, what transactions have without asking for a level: asking costs a round trip. */
  readonly isolationQuery?: string;
  /** `append`, `claim` and `complete` are one statement each and need no transaction around them. */
  readonly singleStatements: boolean;
  /** Transactional handlers run one at a time, since there is one connection. */
  readonly singleConnection: boolean;
  /** Appended to a SELECT that locks rows, passing over those that are locked; empty where writers are serial. */
  readonly skipLocked: string;
  /** Appended to a SELECT that locks rows and waits. */
  readonly forUpdate: string;
  readonly migrations: readonly Migration[];
  /** Messages between processes; undefined where the database carries none: then they look more often. */
  readonly signals?: Signals;
  readonly horizon: (tables: Tables) => HorizonProbe;
  readonly keyOrder: KeyOrder;
  quote(name: string): string;
  /** The statement with this database's parameter marks for `?`. */
  prepare(statement: string): string;
  /** Makes the DataSource fit to be shared, where TypeORM alone does not. Called once, before anything else. */
  install?(dataSource: DataSource): void;
  /** Makes up, at bootstrap, for what a restored or promoted database may have lost of the positions given out. */
  catchUp?(sql: Sql, tables: Tables): Promise<void>;
  /** How many transactions and savepoints are open on the runner, where runners are the library's own. Default: counted. */
  depthOf?(runner: QueryRunner): number;
  /** The runner whose commit decides on what this one does, where runners can join another's transaction. */
  outermostRunner?(runner: QueryRunner): QueryRunner;
  /** Drops what only this database has beside the tables: sequences, helper tables. */
  dropExtras(tables: Tables): string[];
  /**
   * Records events with their deliveries and tags in one transaction; answers in the order of the rows. A key that is there
   * is left as it is. Where a version of a stream is there, nothing of the append is recorded, and each row is answered by
   * the first version that was. In neither case the transaction fails, at READ COMMITTED at least, and it waits for whoever
   * is about to record the key or version.
   */
  append(sql: Sql, tables: Tables, rows: readonly EventRow[], due: SqlTime): Promise<Appended[]>;
  /** Creates deliveries of recorded events, leaving those that are there. */
  deliver(sql: Sql, tables: Tables, rows: readonly DeliveryRow[], due: SqlTime): Promise<void>;
  claim(sql: Sql, tables: Tables, request: ClaimRequest): Promise<ClaimedDelivery[]>;
  /** Moves deliveries that the worker still holds to the finished ones, as finished at `at`; returns those it held. */
  complete(
    sql: Sql,
    tables: Tables,
    workerId: number,
    ids: readonly DeliveryId[],
    at: SqlTime,
  ): Promise<DeliveryId[]>;
  /** Those of the keys, each given once, that are not in the log as far as this statement sees. */
  unknownKeys(sql: Sql, tables: Tables, keys: readonly string[]): Promise<string[]>;
  /** SQL behind a column: it is one of these numbers, of which there is one at least; looked for in an index by each. */
  oneOf(numbers: readonly number[]): SqlPart;
  /** Inserts a row unless its key is there. */
  insertNew(table: string, columns: readonly string[]): string;
  /** What the server says of itself. */
  readonly versionQuery: string;
  /** Runs `work` in one process at a time, in the transaction of `sql` where definitions are transactional. */
  exclusively<T>(sql: Sql, name: string, work: () => Promise<T>): Promise<T>;
  /** Runs `work` in the transaction of `sql` so that it is the one that loses a lock conflict, soon. */
  yielding<T>(sql: Sql, work: () => Promise<T>): Promise<T>;
  failure(error: unknown): FailureKind;
  /** Closes the runner's connection, also with a statement still running on it: the server rolls back. Never rejects. */
  abandon?(runner: QueryRunner): Promise<void>;
  /** Asks the driver itself. Default: as any other statement. */
  readonly ask?: Ask;
}
