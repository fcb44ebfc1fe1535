import type { Tables } from '../../../ports/tables.js';
import { tableOptions } from './table-options.js';

export function append(t: Tables, version: string): string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${t.tag} (
      tag VARCHAR(255) NOT NULL,
      position BIGINT NOT NULL,
      PRIMARY KEY (tag, position),
      KEY event_tag_position (position)
    ) ${tableOptions(version)}`,
  ];
}

export function dropAppend(t: Tables): string[] {
  return [`DROP TABLE IF EXISTS ${t.tag}`];
}
