import type { Tables } from '../../../ports/tables.js';
import { tableOptions } from './table-options.js';

/** Followers, how far each has come in each upstream, and the events that it parked or skipped. */
export function followers(t: Tables, server: string): string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${t.follower} (
      name VARCHAR(128) NOT NULL,
      version INT NOT NULL,
      owner BIGINT,
      paused_at BIGINT,
      stopped_at BIGINT,
      starts INT NOT NULL DEFAULT 0,
      suspect_until BIGINT,
      failed_position BIGINT,
      attempts INT NOT NULL DEFAULT 0,
      error LONGTEXT,
      failed_at BIGINT,
      retry_at BIGINT,
      seen_at BIGINT NOT NULL,
      PRIMARY KEY (name, version)
    ) ${tableOptions(server)}`,
    `CREATE TABLE IF NOT EXISTS ${t.followerPosition} (
      follower VARCHAR(128) NOT NULL,
      version INT NOT NULL,
      upstream VARCHAR(255) NOT NULL,
      position BIGINT NOT NULL,
      replay_until BIGINT NOT NULL DEFAULT 0,
      revision BIGINT NOT NULL DEFAULT 0,
      PRIMARY KEY (follower, version, upstream)
    ) ${tableOptions(server)}`,
    ...setAside(t, server),
  ];
}

function setAside(t: Tables, server: string): string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${t.followerEvent} (
      follower VARCHAR(128) NOT NULL,
      version INT NOT NULL,
      position BIGINT NOT NULL,
      stream VARCHAR(255) NOT NULL,
      state SMALLINT NOT NULL,
      attempts INT NOT NULL DEFAULT 0,
      error LONGTEXT,
      due_at BIGINT,
      noted_at BIGINT NOT NULL,
      PRIMARY KEY (follower, version, position),
      KEY follower_event_due (follower, version, state, due_at),
      KEY follower_event_stream (follower, version, stream, position)
    ) ${tableOptions(server)}`,
  ];
}

export function dropFollowers(t: Tables): string[] {
  return [
    `DROP TABLE IF EXISTS ${t.followerEvent}`,
    `DROP TABLE IF EXISTS ${t.followerPosition}`,
    `DROP TABLE IF EXISTS ${t.follower}`,
  ];
}
