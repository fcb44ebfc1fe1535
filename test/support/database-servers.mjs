// @ts-check
// Databases on the servers that the tests run against. Plain JavaScript, since Jest's global hooks are not compiled.
import { createConnection } from 'mysql2/promise';
import pg from 'pg';

/** @typedef {'postgres' | 'mariadb' | 'mysql'} ServerName */

/**
 * Runs the statements on the server's own database and returns the rows of the last one.
 *
 * @param {ServerName} server
 * @param {string} url
 * @param {...string} statements
 * @returns {Promise<Record<string, unknown>[]>}
 */
export async function onServer(server, url, ...statements) {
  const session = await (server === 'postgres' ? postgresSession(url) : mysqlSession(url));
  try {
    /** @type {Record<string, unknown>[]} */
    let rows = [];
    for (const statement of statements) rows = await session.query(statement);
    return rows;
  } finally {
    await session.end();
  }
}

/**
 * Drops every database whose name starts with the prefix, also while somebody is connected.
 *
 * @param {ServerName} server
 * @param {string} url
 * @param {string} prefix letters, digits and underscores
 */
export async function dropDatabases(server, url, prefix) {
  const names =
    server === 'postgres'
      ? `SELECT datname AS name FROM pg_database WHERE starts_with(datname, '${prefix}')`
      : `SELECT schema_name AS name FROM information_schema.schemata WHERE LEFT(schema_name, ${prefix.length}) = '${prefix}'`;
  const force = server === 'postgres' ? ' WITH (FORCE)' : '';
  for (const { name } of await onServer(server, url, names)) {
    await onServer(server, url, `DROP DATABASE IF EXISTS ${name}${force}`);
  }
}

/** @param {string} url */
async function postgresSession(url) {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  return {
    query: async (/** @type {string} */ sql) => (await client.query(sql)).rows,
    end: () => client.end(),
  };
}

/** @param {string} url */
async function mysqlSession(url) {
  const connection = await createConnection(url);
  return {
    query: async (/** @type {string} */ sql) => /** @type {any} */ ((await connection.query(sql))[0]),
    end: () => connection.end(),
  };
}
