// @ts-check

/** What to connect to, or why it is missing. @typedef {{ url?: string, version?: string, missing?: string }} ServerRun */

/**
 * What the global setup found out, for the workers, the reporter and the teardown.
 *
 * @typedef {object} DatabaseRun
 * @property {string} prefix every database of this run is named with it
 * @property {string} folder SQLite files of this run
 * @property {ServerRun} sqlite
 * @property {ServerRun} postgres
 * @property {ServerRun} mariadb
 * @property {ServerRun} mysql
 */

/** @returns {DatabaseRun | undefined} undefined where the global setup did not get that far */
export function databaseRun() {
  const json = process.env.ONCE_TEST_DATABASES;
  return json ? JSON.parse(json) : undefined;
}
