import type { Tables } from '../../../ports/tables.js';
import { BUCKETS } from '../../../ports/tag-buckets.js';
import { buckets } from '../statements.js';
import { tableOptions } from './table-options.js';

/** A row to lock for each bucket of tags. */
export function decisions(t: Tables, server: string): string[] {
  const rows = Array.from({ length: BUCKETS }, (_, id) => `(${id})`).join(', ');
  return [
    `CREATE TABLE IF NOT EXISTS ${buckets(t)} (id INT NOT NULL PRIMARY KEY) ${tableOptions(server)}`,
    `INSERT IGNORE INTO ${buckets(t)} (id) VALUES ${rows}`,
  ];
}

export function dropDecisions(t: Tables): string[] {
  return [`DROP TABLE IF EXISTS ${buckets(t)}`];
}
