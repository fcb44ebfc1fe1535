import type { Tables } from '../../../ports/tables.js';

/** Which version of a follower readers look at, and the highest that they ever did. */
export function activeVersions(t: Tables): string[] {
  return [
    `CREATE TABLE ${t.followerActive} (
      name TEXT NOT NULL PRIMARY KEY,
      version INTEGER NOT NULL,
      highest INTEGER NOT NULL,
      switched_at INTEGER NOT NULL
    ) WITHOUT ROWID`,
  ];
}

export function dropActiveVersions(t: Tables): string[] {
  return [`DROP TABLE IF EXISTS ${t.followerActive}`];
}
