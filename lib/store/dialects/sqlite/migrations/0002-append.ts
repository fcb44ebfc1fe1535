import type { Tables } from '../../../ports/tables.js';

export function append(t: Tables): string[] {
  return [
    `CREATE TABLE ${t.tag} (
      tag TEXT NOT NULL,
      position INTEGER NOT NULL,
      PRIMARY KEY (tag, position)
    ) WITHOUT ROWID`,
    `CREATE INDEX "${t.plain('event_tag_position')}" ON ${t.tag} (position)`,
  ];
}

export function dropAppend(t: Tables): string[] {
  return [`DROP TABLE IF EXISTS ${t.tag}`];
}
