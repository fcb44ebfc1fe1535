import type { Tables } from '../../ports/tables.js';
import { inSchemaOfLog } from './in-schema-of-log.js';

/*
 * Buckets of tags are advisory locks of the transaction: a number of two parts, the table of tags and the bucket. They cost no
 * row, and a rollback to a savepoint gives them back.
 */

/** The name of the function that locks buckets as every append of tagged events does. */
export function shareFunction(t: Tables): string {
  return t.name('share_tags');
}

/** The name of the function that locks buckets for one decision, and looks whether what it was made of is all there is. */
export function decideFunction(t: Tables): string {
  return t.name('decide');
}

export function createDecisionFunctions(t: Tables): string[] {
  return [inSchemaOfLog(t, createShare), inSchemaOfLog(t, createDecide)];
}

export function dropDecisionFunctions(t: Tables): string[] {
  return [decideFunction(t), shareFunction(t)].map((name) => `DROP FUNCTION IF EXISTS ${name}`);
}

function lockOf(t: Tables, bucket: string): string {
  return `'${t.tag}'::regclass::oid::integer, ${bucket}`;
}

function createShare(t: Tables): string {
  return `CREATE OR REPLACE FUNCTION ${shareFunction(t)} (buckets integer[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(${lockOf(t, 'b.bucket')}) FROM unnest(buckets) AS b (bucket);
END $$`;
}

/**
 * Locks the buckets in their order, those that are `owned` for this transaction alone. It waits `patience` milliseconds for the first of these, and
 * `wait` for what it wants when it has that, also for what its append meets, and then fails: the deadlock detector, which would take the append
 * that waits for this one, is never asked. With 0 it does not wait. The statement that looks is one that begins when the locks are there.
 * Answers as JSON: null where nothing is inside of the boundary; the events that are; or in a word why it cannot tell.
 */
function createDecide(t: Tables): string {
  return `CREATE OR REPLACE FUNCTION ${decideFunction(t)} (buckets integer[], owned boolean[], patience integer, wait integer,
  items json, settled bigint, seen bigint[])
RETURNS text LANGUAGE plpgsql SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE found text; has boolean := false;
BEGIN
  IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
    RETURN '"isolation"';
  END IF;
  IF wait > 0 THEN PERFORM set_config('lock_timeout', patience::text, true); END IF;
  FOR i IN 1 .. coalesce(cardinality(buckets), 0) LOOP
    IF wait > 0 THEN
      IF owned[i] THEN
        PERFORM pg_advisory_xact_lock(${lockOf(t, 'buckets[i]')});
        IF NOT has THEN has := true; PERFORM set_config('lock_timeout', wait::text, true); END IF;
      ELSE PERFORM pg_advisory_xact_lock_shared(${lockOf(t, 'buckets[i]')}); END IF;
    ELSIF owned[i] THEN
      IF NOT pg_try_advisory_xact_lock(${lockOf(t, 'buckets[i]')}) THEN RETURN '"locked"'; END IF;
    ELSIF NOT pg_try_advisory_xact_lock_shared(${lockOf(t, 'buckets[i]')}) THEN RETURN '"locked"'; END IF;
  END LOOP;
  IF items IS NULL THEN RETURN NULL; END IF;
  SELECT json_agg(json_build_array(e.position, e.event_group, i.nr)) INTO found
    FROM ROWS FROM (json_to_recordset(items) AS (tags text[], groups text[])) WITH ORDINALITY AS i (tags, groups, nr)
    CROSS JOIN LATERAL (SELECT g.position FROM ${t.tag} g
      WHERE g.tag = i.tags[1] COLLATE "C" AND g.position > settled OFFSET 0) g
    CROSS JOIN LATERAL (SELECT v.position, v.event_group FROM ${t.event} v WHERE v.position = g.position OFFSET 0) e
    WHERE (i.groups IS NULL OR e.event_group = ANY(i.groups))
      AND (seen IS NULL OR g.position <> ALL(seen))
      AND NOT EXISTS (SELECT 1 FROM unnest(i.tags) AS o (tag) WHERE NOT EXISTS (
        SELECT 1 FROM ${t.tag} x WHERE x.tag = o.tag COLLATE "C" AND x.position = g.position));
  RETURN found;
END $$`;
}
