import type { DataSource, QueryRunner } from 'typeorm';
import { assertMembers } from '../../../ports/errors.js';

/** What `better-sqlite3` and `libsql` have in common, as far as the gate uses it. */
export interface SqliteConnection {
  readonly open: boolean;
  /** To be read of an open connection only: `libsql` ends the process otherwise. */
  readonly inTransaction: boolean;
  exec(sql: string): unknown;
  pragma(source: string): unknown;
}

export interface SqliteStatement {
  readonly reader: boolean;
  all(...parameters: unknown[]): unknown;
  run(...parameters: unknown[]): unknown;
}

/** TypeORM's query runner of SQLite with the members that it keeps to itself. */
export interface SqliteRunner extends Omit<QueryRunner, 'isTransactionActive' | 'broadcaster' | 'query'> {
  isTransactionActive: boolean;
  broadcaster: QueryRunner['broadcaster'];
  transactionDepth: number;
  driver: SqliteDriver;
  stmtCache: Map<string, SqliteStatement>;
  getStmt(sql: string): Promise<SqliteStatement>;
  query(sql: string, parameters?: unknown[], structured?: boolean): Promise<unknown>;
  loadPragmaRecords(table: string, pragma: string): Promise<unknown>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** TypeORM's driver of SQLite with the members that it keeps to itself. */
export interface SqliteDriver {
  readonly options: { readonly?: boolean };
  databaseConnection?: SqliteConnection;
  /** The one runner that TypeORM gives to everyone. */
  queryRunner?: SqliteRunner;
  createQueryRunner(mode: 'master' | 'slave'): SqliteRunner;
  connect(): Promise<void>;
  disconnect(): Promise<void>;
}

const TRIED = 'TypeORM 1.1 with better-sqlite3 12 or libsql 0.5';

export function driverOf(dataSource: DataSource): SqliteDriver {
  return dataSource.driver as unknown as SqliteDriver;
}

/** Throws `UnsupportedDriverError` where TypeORM's classes for SQLite have not what the gate stands in front of. */
export function assertGateable(driver: SqliteDriver, runner: SqliteRunner): void {
  assertMembers('BetterSqlite3Driver of TypeORM', TRIED, driver, {
    createQueryRunner: 'function',
    connect: 'function',
    disconnect: 'function',
  });
  assertMembers('BetterSqlite3QueryRunner of TypeORM', TRIED, runner, {
    query: 'function',
    getStmt: 'function',
    loadPragmaRecords: 'function',
    transactionDepth: 'number',
    isTransactionActive: 'boolean',
    stmtCache: 'object',
    broadcaster: 'object',
  });
}
