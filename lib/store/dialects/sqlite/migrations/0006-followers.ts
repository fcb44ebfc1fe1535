import type { Tables } from '../../../ports/tables.js';

/** Followers, how far each has come in each upstream, and the events that it parked or skipped. */
export function followers(t: Tables): string[] {
  return [
    `CREATE TABLE ${t.follower} (
      name TEXT NOT NULL,
      version INTEGER NOT NULL,
      owner INTEGER,
      paused_at INTEGER,
      stopped_at INTEGER,
      starts INTEGER NOT NULL DEFAULT 0,
      suspect_until INTEGER,
      failed_position INTEGER,
      attempts INTEGER NOT NULL DEFAULT 0,
      error TEXT,
      failed_at INTEGER,
      retry_at INTEGER,
      seen_at INTEGER NOT NULL,
      PRIMARY KEY (name, version)
    ) WITHOUT ROWID`,
    `CREATE TABLE ${t.followerPosition} (
      follower TEXT NOT NULL,
      version INTEGER NOT NULL,
      upstream TEXT NOT NULL,
      position INTEGER NOT NULL,
      replay_until INTEGER NOT NULL DEFAULT 0,
      revision INTEGER NOT NULL DEFAULT 0,
      PRIMARY KEY (follower, version, upstream)
    ) WITHOUT ROWID`,
    ...setAside(t),
  ];
}

function setAside(t: Tables): string[] {
  return [
    `CREATE TABLE ${t.followerEvent} (
      follower TEXT NOT NULL,
      version INTEGER NOT NULL,
      position INTEGER NOT NULL,
      stream TEXT NOT NULL,
      state INTEGER NOT NULL,
      attempts INTEGER NOT NULL DEFAULT 0,
      error TEXT,
      due_at INTEGER,
      noted_at INTEGER NOT NULL,
      PRIMARY KEY (follower, version, position)
    ) WITHOUT ROWID`,
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
