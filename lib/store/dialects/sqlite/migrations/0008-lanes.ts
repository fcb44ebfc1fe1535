import type { Tables } from '../../../ports/tables.js';

/** How far each lane of a round has gone beyond the position of its follower; `replayed`: before that was reset. */
export function lanes(t: Tables): string[] {
  return [
    `CREATE TABLE ${t.followerLane} (
      follower TEXT NOT NULL,
      version INTEGER NOT NULL,
      upstream TEXT NOT NULL,
      replayed INTEGER NOT NULL DEFAULT 0,
      lane INTEGER NOT NULL,
      lanes INTEGER NOT NULL,
      up_to INTEGER NOT NULL,
      position INTEGER NOT NULL,
      PRIMARY KEY (follower, version, upstream, replayed, lane)
    ) WITHOUT ROWID`,
  ];
}

export function dropLanes(t: Tables): string[] {
  return [`DROP TABLE IF EXISTS ${t.followerLane}`];
}
