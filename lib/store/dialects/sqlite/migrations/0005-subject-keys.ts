import type { Tables } from '../../../ports/tables.js';

/** A key that was destroyed leaves its row: it is never made again. What is under way of a forgetting stands in a table of its own. */
export function subjectKeys(t: Tables): string[] {
  return [
    `CREATE TABLE ${t.subjectKey} (
      subject TEXT NOT NULL PRIMARY KEY,
      key_id TEXT,
      secret BLOB,
      wrapped_by TEXT,
      created_at INTEGER NOT NULL,
      erased_at INTEGER
    ) WITHOUT ROWID`,
    `CREATE TABLE ${t.forgetting} (
      subject TEXT NOT NULL PRIMARY KEY,
      requested_at INTEGER NOT NULL
    ) WITHOUT ROWID`,
  ];
}

export function dropSubjectKeys(t: Tables): string[] {
  return [`DROP TABLE IF EXISTS ${t.forgetting}`, `DROP TABLE IF EXISTS ${t.subjectKey}`];
}
