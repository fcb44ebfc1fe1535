import type { Tables } from '../../../ports/tables.js';
import { tableOptions } from './table-options.js';

/** Which version of a follower readers look at, and the highest that they ever did. */
export function activeVersions(t: Tables, server: string): string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${t.followerActive} (
      name VARCHAR(128) NOT NULL PRIMARY KEY,
      version INT NOT NULL,
      highest INT NOT NULL,
      switched_at BIGINT NOT NULL
    ) ${tableOptions(server)}`,
  ];
}

export function dropActiveVersions(t: Tables): string[] {
  return [`DROP TABLE IF EXISTS ${t.followerActive}`];
}
