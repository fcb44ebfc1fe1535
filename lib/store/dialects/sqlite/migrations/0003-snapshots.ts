import type { Tables } from '../../../ports/tables.js';

/** By schema version, too: two releases that run side by side leave each other's alone. */
export function snapshots(t: Tables): string[] {
  return [
    `CREATE TABLE ${t.snapshot} (
      stream TEXT NOT NULL,
      version INTEGER NOT NULL,
      schema_version INTEGER NOT NULL,
      payload TEXT,
      payload_bytes BLOB,
      encoding TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      PRIMARY KEY (stream, version, schema_version)
    ) WITHOUT ROWID`,
  ];
}

export function dropSnapshots(t: Tables): string[] {
  return [`DROP TABLE IF EXISTS ${t.snapshot}`];
}
