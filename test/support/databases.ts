import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DataSourceOptions } from 'typeorm';
import { databaseRun } from './database-run.mjs';
import { onServer, type ServerName } from './database-servers.mjs';
import { type DatabaseAddress, dataSourceOptionsFrom, type ExtraOptions } from './data-source-options.js';

export { type DatabaseAddress, dataSourceOptionsFrom, type ExtraOptions } from './data-source-options.js';

const LABELS = { sqlite: 'SQLite', postgres: 'PostgreSQL', mariadb: 'MariaDB', mysql: 'MySQL' } as const;

/** One of the databases that this test run has. */
export interface DatabaseUnderTest {
  readonly name: DatabaseAddress['name'];
  /** What the store knows it by: MariaDB and MySQL share a dialect. */
  readonly dialect: 'sqlite' | 'postgres' | 'mysql';
  /** A pooler stands in between: a connection has another session for each transaction. */
  readonly pooled: boolean;
  /** A new, empty database for this call alone, as JSON that a child process can be given. */
  create(): Promise<DatabaseAddress>;
  /** Options of a DataSource on a new, empty database; several DataSources may be opened with them. */
  options(extra?: ExtraOptions): Promise<DataSourceOptions>;
}

/** A `describe` for each database of this run; what its tests created is dropped after the last of them. */
export function describeEachDatabase(title: string, tests: (db: DatabaseUnderTest) => void): void {
  for (const db of databasesUnderTest()) {
    describe(`${title} (${LABELS[db.name]})`, () => {
      tests(db);
      // Jest runs such hooks in the order they are registered: the tests close their DataSources first.
      afterAll(() => db.dropAll());
    });
  }
}

/** A `describe` on one database of this run, for what knows no difference between them. */
export function describeAnyDatabase(title: string, tests: (db: DatabaseUnderTest) => void): void {
  const [db] = databasesUnderTest();
  describe(title, () => {
    tests(db!);
    afterAll(() => db!.dropAll());
  });
}

function databasesUnderTest(): (DatabaseUnderTest & { dropAll(): Promise<void> })[] {
  const run = databaseRun();
  if (!run)
    throw new Error('Expected the global setup to have found the databases: run the tests with npm test.');
  return (['sqlite', 'postgres', 'mariadb', 'mysql'] as const)
    .filter((name) => !run[name].missing)
    .map((name) => databaseUnderTest(name, run));
}

function databaseUnderTest(
  name: DatabaseUnderTest['name'],
  run: NonNullable<ReturnType<typeof databaseRun>>,
) {
  const created: DatabaseAddress[] = [];
  const create = async () => {
    const unique = `${run.prefix}${process.env.JEST_WORKER_ID}_${randomUUID().slice(0, 8)}`;
    const address = await (name === 'sqlite'
      ? { name, url: join(run.folder, `${unique}.db`) }
      : createOn(name, run[name].url!, unique));
    created.push(address);
    return address;
  };
  return {
    name,
    dialect: name === 'mariadb' ? ('mysql' as const) : name,
    pooled: name === 'postgres' && Boolean(process.env.ONCE_POSTGRES_DIRECT_URL),
    create,
    options: async (extra?: ExtraOptions) => dataSourceOptionsFrom(await create(), extra),
    dropAll: async () => {
      for (const address of created.splice(0)) await drop(address, run[name].url);
    },
  };
}

async function createOn(name: ServerName, server: string, database: string): Promise<DatabaseAddress> {
  await onServer(name, server, `CREATE DATABASE ${database}`);
  const url = new URL(server);
  url.pathname = `/${database}`;
  return { name, url: url.href };
}

async function drop({ name, url }: DatabaseAddress, server: string | undefined): Promise<void> {
  if (name === 'sqlite')
    return ['', '-wal', '-shm', '-journal'].forEach((end) => rmSync(url + end, { force: true }));
  const database = new URL(url).pathname.slice(1);
  await onServer(
    name,
    server!,
    `DROP DATABASE IF EXISTS ${database}${name === 'postgres' ? ' WITH (FORCE)' : ''}`,
  );
}
