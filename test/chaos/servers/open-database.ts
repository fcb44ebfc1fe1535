import { randomUUID } from 'node:crypto';
import { onServer, type ServerName } from '../../support/database-servers.mjs';
import type { ChaosDatabase, ChaosDatabaseName } from './chaos-database.js';
import { mariaDbAt, ownMariaDb } from './mariadb.js';
import { mySqlAt, ownMySql } from './mysql.js';
import { ownPgBouncer } from './pgbouncer.js';
import { ownPostgres, postgresAt } from './postgres.js';
import { sqliteFile } from './sqlite.js';

/** Servers that were given, for where a server of the run's own cannot be started. */
export interface GivenServers {
  postgres?: string | undefined;
  mariadb?: string | undefined;
  mysql?: string | undefined;
}

/** A new, empty database; undefined where there is neither a program to start nor a server given. */
export async function openDatabase(
  name: ChaosDatabaseName,
  given: GivenServers,
): Promise<ChaosDatabase | undefined> {
  if (name === 'sqlite') return sqliteFile();
  if (name === 'postgres') {
    return ownPostgres().catch((error: unknown) => {
      if (!given.postgres) throw error;
      return databaseOn('postgres', given.postgres, postgresAt);
    });
  }
  if (name === 'pgbouncer') return ownPgBouncer();
  const [ownServer, at] = name === 'mariadb' ? [ownMariaDb, mariaDbAt] : [ownMySql, mySqlAt];
  const own = await ownServer();
  const url = given[name];
  return own || !url ? own : databaseOn(name, url, at);
}

async function databaseOn(
  server: ServerName,
  url: string,
  at: (url: string) => Promise<ChaosDatabase>,
): Promise<ChaosDatabase> {
  const database = `once_chaos_${randomUUID().slice(0, 8)}`;
  await onServer(server, url, `CREATE DATABASE ${database}`);
  const address = new URL(url);
  address.pathname = `/${database}`;
  const opened = await at(address.href);
  return {
    ...opened,
    discard: async () => {
      await opened.discard();
      const force = server === 'postgres' ? ' WITH (FORCE)' : '';
      await onServer(server, url, `DROP DATABASE IF EXISTS ${database}${force}`);
    },
  };
}
