import type { Tables } from '../../../ports/tables.js';

/** How far each lane of a round has gone beyond the position of its follower; `replayed`: before that was reset. */
export function lanes(t: Tables): string[] {
  return [
    `CREATE TABLE ${t.followerLane} (
      follower text COLLATE "C" NOT NULL,
      version integer NOT NULL,
      upstream text COLLATE "C" NOT NULL,
      replayed smallint NOT NULL DEFAULT 0,
      lane smallint NOT NULL,
      lanes smallint NOT NULL,
      up_to bigint NOT NULL,
      position bigint NOT NULL,
      PRIMARY KEY (follower, version, upstream, replayed, lane)
    )`,
  ];
}

export function dropLanes(t: Tables): string[] {
  return [`DROP TABLE IF EXISTS ${t.followerLane}`];
}
