// @ts-check
import { browserRun } from './browser-run.mjs';
import { databaseRun } from './database-run.mjs';

/** Says at the end of a test run which databases were tested and which were not, and whether a browser was. */
export default class DatabaseReporter {
  onRunComplete() {
    const run = databaseRun();
    if (!run) return;
    const line = (
      /** @type {string} */ label,
      /** @type {import('./database-run.mjs').ServerRun} */ server,
    ) => `  ${label}: ${server.missing ?? `tested (${server.version})`}`;
    const lines = [
      line('SQLite', run.sqlite),
      line('PostgreSQL', run.postgres),
      line('MariaDB', run.mariadb),
      line('MySQL', run.mysql),
    ];
    const { version, missing } = browserRun();
    const browser = `Browser: ${missing ?? `tested (${version})`}`;
    process.stderr.write(`\nDatabases\n${lines.join('\n')}\n${browser}\n`);
  }
}
