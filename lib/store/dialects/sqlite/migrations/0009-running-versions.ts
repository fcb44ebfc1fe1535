import type { Tables } from '../../../ports/tables.js';

/** What runs in each worker's process. A row beside the worker's: the release before it inserts workers without one. */
export function runningVersions(t: Tables): string[] {
  return [
    `CREATE TABLE ${t.workerRelease} (
      worker_id INTEGER NOT NULL PRIMARY KEY,
      library_release TEXT NOT NULL,
      application_release TEXT,
      tables_version INTEGER NOT NULL
    )`,
  ];
}

export function dropRunningVersions(t: Tables): string[] {
  return [`DROP TABLE IF EXISTS ${t.workerRelease}`];
}
