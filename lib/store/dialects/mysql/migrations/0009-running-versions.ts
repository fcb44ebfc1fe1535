import type { Tables } from '../../../ports/tables.js';
import { tableOptions } from './table-options.js';

/** What runs in each worker's process. A row beside the worker's: the release before it inserts workers without one. */
export function runningVersions(t: Tables, server: string): string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${t.workerRelease} (
      worker_id BIGINT NOT NULL PRIMARY KEY,
      library_release VARCHAR(100) NOT NULL,
      application_release VARCHAR(100),
      tables_version INT NOT NULL
    ) ${tableOptions(server)}`,
  ];
}

export function dropRunningVersions(t: Tables): string[] {
  return [`DROP TABLE IF EXISTS ${t.workerRelease}`];
}
