import libsql from 'libsql';
import type { DataSourceOptions } from 'typeorm';

/** Where a test's database is. Plain JSON: a child process that is given it connects to the same database. */
export interface DatabaseAddress {
  name: 'sqlite' | 'postgres' | 'mariadb' | 'mysql';
  /** A URL, or the path of a SQLite file. */
  url: string;
  /** Past the pooler that the URL leads to. */
  directUrl?: string;
}

/** Anything that a DataSource of any of the databases takes. */
export type ExtraOptions = Partial<Omit<DataSourceOptions, 'type'>> & Record<string, unknown>;

/** TypeORM's options for a DataSource on that database; `extra` (entities, poolSize, subscribers, …) is passed on. */
export function dataSourceOptionsFrom(address: DatabaseAddress, extra: ExtraOptions = {}): DataSourceOptions {
  return { ...connection(address), ...extra } as unknown as DataSourceOptions;
}

function connection({ name, url }: DatabaseAddress): Record<string, unknown> {
  switch (name) {
    case 'sqlite':
      return { type: 'better-sqlite3', driver: libsql, database: url };
    case 'postgres':
      return { type: 'postgres', url };
    case 'mariadb':
    case 'mysql':
      return { type: name, url };
  }
}

/** Past the pooler that stands before the database of these options; undefined where none does. */
export function directUrlOf(options: DataSourceOptions): string | undefined {
  const { ONCE_POSTGRES_DIRECT_URL: direct } = process.env;
  if (!direct || options.type !== 'postgres') return undefined;
  return Object.assign(new URL(direct), { pathname: new URL(options.url!).pathname }).href;
}
