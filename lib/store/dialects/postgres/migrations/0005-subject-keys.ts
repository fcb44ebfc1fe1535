import type { Tables } from '../../../ports/tables.js';

/** A key that was destroyed leaves its row: it is never made again. What is under way of a forgetting stands in a table of its own. */
export function subjectKeys(t: Tables): string[] {
  return [
    `CREATE TABLE ${t.subjectKey} (
      subject text COLLATE "C" NOT NULL PRIMARY KEY,
      key_id text,
      secret bytea,
      wrapped_by text,
      created_at bigint NOT NULL,
      erased_at bigint
    )`,
    `CREATE TABLE ${t.forgetting} (
      subject text COLLATE "C" NOT NULL PRIMARY KEY,
      requested_at bigint NOT NULL
    )`,
  ];
}

export function dropSubjectKeys(t: Tables): string[] {
  return [`DROP TABLE IF EXISTS ${t.forgetting}`, `DROP TABLE IF EXISTS ${t.subjectKey}`];
}
