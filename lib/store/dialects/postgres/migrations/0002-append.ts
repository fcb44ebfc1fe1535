import type { Tables } from '../../../ports/tables.js';
import { createAppendFunctions, dropAppendFunctions } from '../append-functions.js';
import { createClaimDue, dropClaimDue } from '../functions.js';

export function append(t: Tables): string[] {
  return [
    `CREATE TABLE ${t.tag} (
      tag text COLLATE "C" NOT NULL,
      position bigint NOT NULL,
      PRIMARY KEY (tag, position)
    )`,
    `CREATE INDEX "${t.plain('event_tag_position')}" ON ${t.tag} (position)`,
    ...createAppendFunctions(t),
    createClaimDue(t),
  ];
}

export function dropAppend(t: Tables): string[] {
  return [dropClaimDue(t), ...dropAppendFunctions(t), `DROP TABLE IF EXISTS ${t.tag}`];
}
