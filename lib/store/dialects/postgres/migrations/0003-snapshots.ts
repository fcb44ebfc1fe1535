import type { Tables } from '../../../ports/tables.js';

/** By schema version, too: two releases that run side by side leave each other's alone. */
export function snapshots(t: Tables): string[] {
  return [
    `CREATE TABLE ${t.snapshot} (
      stream text COLLATE "C" NOT NULL,
      version bigint NOT NULL,
      schema_version integer NOT NULL,
      payload text,
      payload_bytes bytea,
      encoding text NOT NULL,
      created_at bigint NOT NULL,
      PRIMARY KEY (stream, version, schema_version)
    )`,
  ];
}

export function dropSnapshots(t: Tables): string[] {
  return [`DROP TABLE IF EXISTS ${t.snapshot}`];
}
