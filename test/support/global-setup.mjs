// @ts-check
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBrowser } from './browser-run.mjs';
import { databaseNames } from './database-names.mjs';
import { onServer } from './database-servers.mjs';
import { startEmbeddedPostgres } from './embedded-postgres.mjs';
import globalTeardown from './global-teardown.mjs';

/** @typedef {import('./database-names.mjs').DatabaseName} DatabaseName */

/**
 * Finds the databases and the browser of this test run and tells the workers through the environment:
 * ONCE_TEST_DATABASES and ONCE_TEST_BROWSER, JSON objects of what to use and what is missing and why.
 */
export default async function globalSetup() {
  try {
    const required = databaseNames('ONCE_REQUIRE_DATABASES');
    const run = await findDatabases(databaseNames('ONCE_DATABASES'));
    process.env.ONCE_TEST_DATABASES = JSON.stringify(run);
    assertFound(required, run);
    process.env.ONCE_TEST_BROWSER = JSON.stringify(findBrowser());
  } catch (error) {
    // Jest runs no teardown after a setup that failed.
    await globalTeardown();
    throw error;
  }
}

/**
 * @param {DatabaseName[]} only all where there are none
 * @returns {Promise<import('./database-run.mjs').DatabaseRun>}
 */
async function findDatabases(only) {
  const leftOut = { missing: 'left out by ONCE_DATABASES' };
  const wants = (/** @type {DatabaseName} */ name) => only.length === 0 || only.includes(name);
  return {
    sqlite: wants('sqlite') ? { version: 'libsql' } : leftOut,
    postgres: wants('postgres') ? await findPostgres() : leftOut,
    mariadb: wants('mariadb') ? await findGiven('mariadb', 'ONCE_MARIADB_URL') : leftOut,
    mysql: wants('mysql') ? await findGiven('mysql', 'ONCE_MYSQL_URL') : leftOut,
    prefix: `once_test_${process.pid}_`,
    folder: mkdtempSync(join(tmpdir(), 'once-test-')),
  };
}

/** @returns {Promise<import('./database-run.mjs').ServerRun>} */
async function findPostgres() {
  const url = process.env.ONCE_POSTGRES_URL;
  if (url) return reach('postgres', url, 'ONCE_POSTGRES_URL');
  try {
    return await reach('postgres', await startEmbeddedPostgres(), 'the server from npm');
  } catch (error) {
    return { missing: `not tested, set ONCE_POSTGRES_URL (${message(error)})` };
  }
}

/**
 * Of the two that speak one protocol, each has a variable of its own.
 *
 * @param {'mariadb' | 'mysql'} server
 * @param {string} variable
 * @returns {Promise<import('./database-run.mjs').ServerRun>}
 */
async function findGiven(server, variable) {
  const url = process.env[variable];
  if (!url) return { missing: `not tested, set ${variable}` };
  const run = await reach(server, url, variable);
  const found = /mariadb/i.test(run.version ?? '') ? 'mariadb' : 'mysql';
  if (found !== server) throw new Error(`${variable}: expected a server of ${server}, got ${run.version}.`);
  return run;
}

/**
 * @param {import('./database-servers.mjs').ServerName} server
 * @param {string} url
 * @param {string} origin
 * @returns {Promise<import('./database-run.mjs').ServerRun>}
 */
async function reach(server, url, origin) {
  const sql =
    server === 'postgres' ? `SELECT current_setting('server_version') AS v` : 'SELECT version() AS v';
  try {
    const [row] = await onServer(server, url, sql);
    return { url, version: `${row?.v}, ${origin}` };
  } catch (error) {
    // An address that somebody gave and that does not answer is a mistake, not a missing database.
    throw new Error(`Cannot reach the database of ${origin}: ${message(error)}`, { cause: error });
  }
}

/**
 * @param {DatabaseName[]} required
 * @param {import('./database-run.mjs').DatabaseRun} run
 */
function assertFound(required, run) {
  for (const name of required) {
    const { missing } = run[name];
    if (missing) throw new Error(`ONCE_REQUIRE_DATABASES asks for ${name}, but: ${missing}.`);
  }
}

/** @param {unknown} error */
function message(error) {
  if (error instanceof AggregateError) return error.errors.map(String).join(', ');
  return error instanceof Error ? error.message : String(error);
}
