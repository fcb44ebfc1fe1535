import type { Tables } from '../../../ports/tables.js';
import { tableOptions } from './table-options.js';

/** A key that was destroyed leaves its row: it is never made again. What is under way of a forgetting stands in a table of its own. */
export function subjectKeys(t: Tables, server: string): string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${t.subjectKey} (
      subject VARCHAR(255) NOT NULL PRIMARY KEY,
      key_id VARCHAR(64),
      secret VARBINARY(255),
      wrapped_by VARCHAR(64),
      created_at BIGINT NOT NULL,
      erased_at BIGINT
    ) ${tableOptions(server)}`,
    `CREATE TABLE IF NOT EXISTS ${t.forgetting} (
      subject VARCHAR(255) NOT NULL PRIMARY KEY,
      requested_at BIGINT NOT NULL
    ) ${tableOptions(server)}`,
  ];
}

export function dropSubjectKeys(t: Tables): string[] {
  return [`DROP TABLE IF EXISTS ${t.forgetting}`, `DROP TABLE IF EXISTS ${t.subjectKey}`];
}
