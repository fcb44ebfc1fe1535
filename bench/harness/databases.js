import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'libsql';
import { dropDatabases, onServer } from '../../test/support/database-servers.mjs';

const FOLDER = fileURLToPath(new URL(`../../.tmp/bench-databases/${process.pid}`, import.meta.url));
/** Of all that this run makes; letters, digits and underscores. */
const PREFIX = `once_bench_${process.pid}_`;
const URLS = {
  postgres: process.env.ONCE_POSTGRES_URL,
  mariadb: process.env.ONCE_MARIADB_URL,
  mysql: process.env.ONCE_MYSQL_URL,
};

export const LABELS = { postgres: 'PostgreSQL', sqlite: 'SQLite', mariadb: 'MariaDB', mysql: 'MySQL' };

let count = 0;

/** @returns {('postgres' | 'sqlite' | 'mariadb' | 'mysql')[]} those that can be measured here */
export function availableDatabases() {
  return ['postgres', 'sqlite', 'mariadb', 'mysql'].filter((name) => name === 'sqlite' || URLS[name]);
}

export async function create(name) {
  const unique = `${PREFIX}${++count}`;
  if (name !== 'sqlite') await onServer(name, URLS[name], `CREATE DATABASE ${unique}`);
  return addressOf(name, unique);
}

/** A copy of a database to which nobody is connected; undefined where the server cannot make one. */
export async function clone(address) {
  const { name } = address;
  const unique = `${PREFIX}${++count}`;
  if (name === 'mariadb' || name === 'mysql') return undefined;
  if (name === 'sqlite') copyFileSync(address.url, addressOf(name, unique).url);
  else
    await onServer(
      name,
      URLS.postgres,
      `CREATE DATABASE ${unique} TEMPLATE ${databaseOf(address)} STRATEGY file_copy`,
    );
  return addressOf(name, unique);
}

/** What autovacuum would have done by then, and no write-back of what was prepared during the measurement. */
export async function settle(address) {
  if (address.name === 'postgres') await onServer('postgres', address.url, 'VACUUM ANALYZE', 'CHECKPOINT');
  if (address.name === 'sqlite') {
    const database = new Database(address.url);
    database.pragma('wal_checkpoint(TRUNCATE)');
    database.close();
  }
}

/** So that writing back what came before does not fall into the measurement. */
export async function checkpoint({ name }) {
  if (name === 'postgres') await onServer('postgres', URLS.postgres, 'CHECKPOINT');
}

export async function drop(address) {
  const { name, url } = address;
  if (name === 'sqlite')
    for (const end of ['', '-wal', '-shm', '-journal']) rmSync(url + end, { force: true });
  else
    await onServer(
      name,
      URLS[name],
      `DROP DATABASE IF EXISTS ${databaseOf(address)}${name === 'postgres' ? ' WITH (FORCE)' : ''}`,
    );
}

/** Also what a process that died has left. */
export async function dropAll() {
  rmSync(FOLDER, { recursive: true, force: true });
  for (const name of ['postgres', 'mariadb', 'mysql'])
    if (URLS[name]) await dropDatabases(name, URLS[name], PREFIX);
}

/** Version and settings that the figures depend on. */
export async function describeServer(name) {
  if (name === 'sqlite') return undefined;
  const [{ version }] = await onServer(name, URLS[name], 'SELECT version() AS version');
  const settings =
    name === 'postgres'
      ? "SELECT name, current_setting(name) AS value FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes', 'wal_sync_method', 'shared_buffers', 'max_wal_size', 'autovacuum', 'jit') ORDER BY name"
      : `SELECT LOWER(VARIABLE_NAME) AS name, VARIABLE_VALUE AS value FROM ${name === 'mysql' ? 'performance_schema.global_variables' : 'information_schema.GLOBAL_VARIABLES'} WHERE VARIABLE_NAME IN ('INNODB_FLUSH_LOG_AT_TRX_COMMIT', 'INNODB_FLUSH_METHOD', 'INNODB_BUFFER_POOL_SIZE', 'SYNC_BINLOG', 'LOG_BIN', 'INNODB_DOUBLEWRITE') ORDER BY 1`;
  const rows = await onServer(name, URLS[name], settings);
  return {
    version: version.replace(/ on .*/, ''),
    settings: rows.map((row) => `${row.name} = ${row.value}`),
  };
}

function addressOf(name, unique) {
  if (name === 'sqlite') {
    if (!existsSync(FOLDER)) mkdirSync(FOLDER, { recursive: true });
    return { name, url: join(FOLDER, `${unique}.db`) };
  }
  const url = new URL(URLS[name]);
  url.pathname = `/${unique}`;
  return { name, url: url.href };
}

function databaseOf({ url }) {
  return new URL(url).pathname.slice(1);
}
