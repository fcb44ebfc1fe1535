import { EVENT_COLUMNS } from '../../ports/rows.js';
import type { Tables } from '../../ports/tables.js';
import { inSchemaOfLog } from './in-schema-of-log.js';

/** Entries of a tag that are counted at most, to find the rarest of several. */
const ENOUGH = 1000;

/** The name of the function that reads the events that match an item of a boundary. */
export function taggedFunction(t: Tables): string {
  return t.name('tagged');
}

export function createTaggedFunction(t: Tables): string {
  return inSchemaOfLog(t, createTagged);
}

export function dropTaggedFunction(t: Tables): string {
  return `DROP FUNCTION IF EXISTS ${taggedFunction(t)}`;
}

/**
 * A function, so that the server keeps the plan: to make it anew takes three times as long as to read a few events. It may
 * know nothing of how many events a tag has, so the rarest tag of each item is found first: a tag may have millions.
 */
function createTagged(t: Tables): string {
  return `CREATE OR REPLACE FUNCTION ${taggedFunction(t)} (items json, settled bigint)
RETURNS TABLE (item integer, "position" bigint, event_key text, event_group text, payload text, payload_bytes bytea, encoding text,
  metadata text, order_key text, occurred_at bigint, recorded_at bigint)
LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT i.nr::integer - 1, ${EVENT_COLUMNS}
    FROM ROWS FROM (json_to_recordset(items) AS (tags text[], groups text[])) WITH ORDINALITY AS i (tags, groups, nr)
    CROSS JOIN LATERAL (SELECT o.tag FROM unnest(i.tags) AS o (tag)
      ORDER BY CASE WHEN cardinality(i.tags) > 1 THEN (SELECT count(*) FROM (
        SELECT FROM ${t.tag} x WHERE x.tag = o.tag COLLATE "C" AND x.position > settled LIMIT ${ENOUGH}) AS few) END
      LIMIT 1) rarest
    CROSS JOIN LATERAL (SELECT g.position FROM ${t.tag} g
      WHERE g.tag = rarest.tag COLLATE "C" AND g.position > settled OFFSET 0) g
    CROSS JOIN LATERAL (SELECT * FROM ${t.event} v WHERE v.position = g.position OFFSET 0) e
    WHERE (i.groups IS NULL OR e.event_group = ANY(i.groups))
      AND NOT EXISTS (SELECT 1 FROM unnest(i.tags) AS o (tag) WHERE o.tag <> rarest.tag AND NOT EXISTS (
        SELECT 1 FROM ${t.tag} x WHERE x.tag = o.tag COLLATE "C" AND x.position = g.position));
END $$`;
}
