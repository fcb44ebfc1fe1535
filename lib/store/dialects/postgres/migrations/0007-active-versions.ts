import type { Tables } from '../../../ports/tables.js';

/** Which version of a follower readers look at, and the highest that they ever did. */
export function activeVersions(t: Tables): string[] {
  return [
    `CREATE TABLE ${t.followerActive} (
      name text COLLATE "C" NOT NULL PRIMARY KEY,
      version integer NOT NULL,
      highest integer NOT NULL,
      switched_at bigint NOT NULL
    )`,
  ];
}

export function dropActiveVersions(t: Tables): string[] {
  return [`DROP TABLE IF EXISTS ${t.followerActive}`];
}
