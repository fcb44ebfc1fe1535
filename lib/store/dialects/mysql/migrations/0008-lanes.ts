import type { Tables } from '../../../ports/tables.js';
import { tableOptions } from './table-options.js';

/** How far each lane of a round has gone beyond the position of its follower; `replayed`: before that was reset. */
export function lanes(t: Tables, server: string): string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${t.followerLane} (
      follower VARCHAR(128) NOT NULL,
      version INT NOT NULL,
      upstream VARCHAR(255) NOT NULL,
      replayed SMALLINT NOT NULL DEFAULT 0,
      lane SMALLINT NOT NULL,
      lanes SMALLINT NOT NULL,
      up_to BIGINT NOT NULL,
      position BIGINT NOT NULL,
      PRIMARY KEY (follower, version, upstream, replayed, lane)
    ) ${tableOptions(server)}`,
  ];
}

export function dropLanes(t: Tables): string[] {
  return [`DROP TABLE IF EXISTS ${t.followerLane}`];
}
