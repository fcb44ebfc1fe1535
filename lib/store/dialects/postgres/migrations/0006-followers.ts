import type { Tables } from '../../../ports/tables.js';

/** Followers, how far each has come in each upstream, and the events that it parked or skipped. */
export function followers(t: Tables): string[] {
  return [
    `CREATE TABLE ${t.follower} (
      name text COLLATE "C" NOT NULL,
      version integer NOT NULL,
      owner bigint,
      paused_at bigint,
      stopped_at bigint,
      starts integer NOT NULL DEFAULT 0,
      suspect_until bigint,
      failed_position bigint,
      attempts integer NOT NULL DEFAULT 0,
      error text,
      failed_at bigint,
      retry_at bigint,
      seen_at bigint NOT NULL,
      PRIMARY KEY (name, version)
    )`,
    `CREATE TABLE ${t.followerPosition} (
      follower text COLLATE "C" NOT NULL,
      version integer NOT NULL,
      upstream text COLLATE "C" NOT NULL,
      position bigint NOT NULL,
      replay_until bigint NOT NULL DEFAULT 0,
      revision bigint NOT NULL DEFAULT 0,
      PRIMARY KEY (follower, version, upstream)
    )`,
    ...setAside(t),
  ];
}

function setAside(t: Tables): string[] {
  return [
    `CREATE TABLE ${t.followerEvent} (
      follower text COLLATE "C" NOT NULL,
      version integer NOT NULL,
      position bigint NOT NULL,
      stream text COLLATE "C" NOT NULL,
      state smallint NOT NULL,
      attempts integer NOT NULL DEFAULT 0,
      error text,
      due_at bigint,
      noted_at bigint NOT NULL,
      PRIMARY KEY (follower, version, position)
    )`,
    `CREATE INDEX "${t.plain('follower_event_due')}" ON ${t.followerEvent} (follower, version, state, due_at)`,
    `CREATE INDEX "${t.plain('follower_event_stream')}" ON ${t.followerEvent} (follower, version, stream, position)`,
  ];
}

export function dropFollowers(t: Tables): string[] {
  return [
    `DROP TABLE IF EXISTS ${t.followerEvent}`,
    `DROP TABLE IF EXISTS ${t.followerPosition}`,
    `DROP TABLE IF EXISTS ${t.follower}`,
  ];
}
