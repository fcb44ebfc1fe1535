import type { Tables } from '../../../ports/tables.js';

/** What runs in each worker's process. A row beside the worker's: the release before it inserts workers without one. */
export function runningVersions(t: Tables): string[] {
  return [
    `CREATE TABLE ${t.workerRelease} (
      worker_id bigint NOT NULL PRIMARY KEY,
      library_release text NOT NULL,
      application_release text,
      tables_version integer NOT NULL
    )`,
  ];
}

export function dropRunningVersions(t: Tables): string[] {
  return [`DROP TABLE IF EXISTS ${t.workerRelease}`];
}
