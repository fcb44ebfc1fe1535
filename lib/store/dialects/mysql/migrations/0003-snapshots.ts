import type { Tables } from '../../../ports/tables.js';
import { tableOptions } from './table-options.js';

/** By schema version, too: two releases that run side by side leave each other's alone. */
export function snapshots(t: Tables, server: string): string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${t.snapshot} (
      stream VARCHAR(255) NOT NULL,
      version BIGINT NOT NULL,
      schema_version INT NOT NULL,
      payload LONGTEXT,
      payload_bytes LONGBLOB,
      encoding VARCHAR(255) NOT NULL,
      created_at BIGINT NOT NULL,
      PRIMARY KEY (stream, version, schema_version)
    ) ${tableOptions(server)}`,
  ];
}

export function dropSnapshots(t: Tables): string[] {
  return [`DROP TABLE IF EXISTS ${t.snapshot}`];
}
