import { EVENT_INSERT_COLUMNS } from '../shared/insert-rows.js';
import { DeliveryState } from '../../ports/rows.js';
import type { Tables } from '../../ports/tables.js';
import { inSchemaOfLog } from './in-schema-of-log.js';
import { NOW } from './now.js';

/*
 * Functions, since the server keeps the plans of their statements, also behind a pooler and after DISCARD ALL: planning an
 * append takes as long as carrying it out. All of these only insert, and join nothing, so that no plan which is kept can be
 * wrong. What looks for rows that are there is planned each time: `EXECUTE`.
 */

const COLUMNS = EVENT_INSERT_COLUMNS.join(', ');

const CREATE_DELIVERY = 'handler_id, position, handler_rank, order_key, worker_id, state, due_at';

/** The name of the function that appends one event. */
export function appendFunction(t: Tables): string {
  return t.name('append');
}

/** The name of the function that appends any number of events. */
export function appendManyFunction(t: Tables): string {
  return t.name('append_many');
}

export function createAppendFunctions(t: Tables): string[] {
  return [inSchemaOfLog(t, createAppend), inSchemaOfLog(t, createAppendMany)];
}

export function dropAppendFunctions(t: Tables): string[] {
  return [appendFunction(t), appendManyFunction(t)].map((name) => `DROP FUNCTION IF EXISTS ${name}`);
}

/**
 * Appends one event, with one delivery as arguments and `others` as rows of JSON, since arguments are quickest. Answers as
 * JSON: its position; the group under which its key is there, or null where that cannot be seen; false where its version is
 * taken. `due` null: now by the server's clock.
 */
function createAppend(t: Tables): string {
  return `CREATE OR REPLACE FUNCTION ${appendFunction(t)} (the_key text, the_group text, the_payload text, the_bytes bytea,
  the_encoding text, the_metadata text, the_stream text, the_version bigint, the_order text, occurred bigint,
  recorded bigint, available bigint, registry integer,
  the_handler integer, the_rank smallint, delivery_order text, the_worker bigint, the_wait bigint,
  due bigint, others json, tags text[])
RETURNS text LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE place bigint; found text;
BEGIN
  IF the_stream IS NULL THEN
    ${insertOne(t, '(event_key)')};
  ELSE
    ${insertOne(t, '')};
  END IF;
  IF place IS NULL THEN
    EXECUTE $q$SELECT event_group FROM ${t.event} WHERE event_key = $1$q$ INTO found USING the_key;
    IF the_stream IS NULL THEN RETURN to_json(found)::text; END IF;
    ${assertTaken(t, 'the_key', 'the_stream', 'the_version')}
    RETURN 'false';
  END IF;
  IF the_handler IS NOT NULL THEN
    INSERT INTO ${t.delivery} (${CREATE_DELIVERY})
      VALUES (the_handler, place, the_rank, delivery_order, the_worker, ${stateOf('the_worker')}, ${dueAt('available', 'the_wait')});
  END IF;
  IF others IS NOT NULL THEN
    INSERT INTO ${t.delivery} (${CREATE_DELIVERY})
      SELECT d.handler, place, d.rank, d.keyed, d.worker, ${stateOf('d.worker')}, ${dueAt('available', 'd.wait')}
      FROM json_to_recordset(others) AS d (handler integer, rank smallint, keyed text, worker bigint, wait bigint);
  END IF;
  IF tags IS NOT NULL THEN
    INSERT INTO ${t.tag} (tag, position) SELECT g.tag, place FROM unnest(tags) AS g (tag);
  END IF;
  RETURN place;
END $$`;
}

/** The lock on the table is taken before the position: see `horizon`. */
function insertOne(t: Tables, target: string): string {
  return `INSERT INTO ${t.event} AS e (position, ${COLUMNS})
      VALUES (nextval('${t.name('event_position')}'), the_key, the_group, the_payload, the_bytes, the_encoding, the_metadata,
        the_stream, the_version, the_order, occurred, recorded, available, registry)
      ON CONFLICT ${target} DO NOTHING RETURNING e.position INTO place`;
}

/**
 * Appends events given as one array for each column; an array of nulls alone may be null. Positions are given in the order of
 * the rows, which are inserted in the order of their keys, so that two batches with the same keys cannot deadlock. Answers as
 * JSON: `places`, a position or null for each, and `groups`, those of the keys that are there; or `taken`, the row
 * (1-based) whose version is taken: then it has recorded nothing.
 */
function createAppendMany(t: Tables): string {
  return `CREATE OR REPLACE FUNCTION ${appendManyFunction(t)} (the_keys text[], the_groups text[], payloads text[], bytes bytea[],
  encodings text[], metadatas text[], streams text[], versions bigint[], orders text[], occurred bigint[],
  recorded bigint[], available bigint[], registries integer[],
  delivered integer[], handlers integer[], ranks smallint[], delivery_orders text[], workers bigint[], waits bigint[],
  due bigint, tagged integer[], tags text[])
RETURNS text LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE places bigint[]; done bigint[]; reached integer := 1; known text[]; taken integer; found text; seen integer; groups json;
BEGIN
  IF streams IS NULL THEN
    ${insertMany(t, '(event_key)')};
  ELSE
    ${insertMany(t, '')};
  END IF;
  IF cardinality(places) > coalesce(cardinality(done), 0) THEN
    ${leaveOutWhatIsThere(t)}
  END IF;
  IF handlers IS NOT NULL THEN
    INSERT INTO ${t.delivery} (${CREATE_DELIVERY})
      SELECT d.handler, places[d.nr], d.rank, d.keyed, d.worker, ${stateOf('d.worker')}, ${dueAt('available[d.nr]', 'd.wait')}
      FROM unnest(delivered, handlers, ranks, delivery_orders, workers, waits) AS d (nr, handler, rank, keyed, worker, wait)
      WHERE places[d.nr] IS NOT NULL;
  END IF;
  IF tags IS NOT NULL THEN
    INSERT INTO ${t.tag} (tag, position) SELECT g.tag, places[g.nr] FROM unnest(tagged, tags) AS g (nr, tag)
      WHERE places[g.nr] IS NOT NULL;
  END IF;
  RETURN json_build_object('places', places, 'groups', groups);
END $$`;
}

/** Both lists rise, so that one pass tells which places nobody took. Undone by deleting: a savepoint would cost each append. */
function leaveOutWhatIsThere(t: Tables): string {
  return `FOR i IN 1 .. cardinality(places) LOOP
      IF places[i] = done[reached] THEN reached := reached + 1; CONTINUE; END IF;
      places[i] := NULL;
      known := known || the_keys[i];
      IF taken IS NULL AND streams[i] IS NOT NULL THEN taken := i; END IF;
    END LOOP;
    IF taken IS NOT NULL THEN
      ${assertTaken(t, 'the_keys[taken]', 'streams[taken]', 'versions[taken]')}
      EXECUTE $q$DELETE FROM ${t.event} WHERE position = ANY($1)$q$ USING done;
      RETURN json_build_object('taken', taken);
    END IF;
    EXECUTE $q$SELECT json_object_agg(event_key, event_group), count(*) FROM ${t.event} WHERE event_key = ANY($1)$q$
      INTO groups, seen USING known;
    IF streams IS NOT NULL AND seen < (SELECT count(DISTINCT k) FROM unnest(known) AS k) THEN
      ${raiseBehind(t)}
    END IF;`;
}

function insertMany(t: Tables, target: string): string {
  return `WITH input AS MATERIALIZED (
      SELECT nextval('${t.name('event_position')}') AS position, i.*
      FROM unnest(the_keys, the_groups, payloads, bytes, encodings, metadatas, streams, versions, orders, occurred, recorded,
        available, registries) WITH ORDINALITY AS i (${COLUMNS}, ord)
    ), inserted AS (
      INSERT INTO ${t.event} AS e (position, ${COLUMNS})
      SELECT position, ${COLUMNS} FROM input ORDER BY event_key COLLATE "C", ord
      ON CONFLICT ${target} DO NOTHING RETURNING e.position
    )
    SELECT (SELECT array_agg(position ORDER BY ord) FROM input), (SELECT array_agg(position ORDER BY position) FROM inserted)
      INTO places, done`;
}

/** Without a target the INSERT also leaves out a row whose position is there: a sequence that has fallen behind the log. */
function assertTaken(t: Tables, key: string, stream: string, version: string): string {
  return `EXECUTE $q$SELECT event_key FROM ${t.event} WHERE event_key = $1 OR (stream = $2 AND stream_version = $3)$q$
      INTO found USING ${key}, ${stream}, ${version};
    IF found IS NULL THEN
      ${raiseBehind(t)}
    END IF;`;
}

/** As an INSERT with a target fails by itself. */
function raiseBehind(t: Tables): string {
  return `RAISE EXCEPTION 'the sequence % gives positions that are in the log', $name$${t.name('event_position')}$name$
        USING ERRCODE = 'unique_violation';`;
}

function stateOf(worker: string): string {
  return `CASE WHEN ${worker} IS NULL THEN ${DeliveryState.pending} ELSE ${DeliveryState.running} END`;
}

/** What waits does so from the time on at which the others of its event are due. */
function dueAt(available: string, wait: string): string {
  const now = `coalesce(due, ${NOW})`;
  return `CASE WHEN ${wait} > 0 THEN greatest(${available}, ${now}) + ${wait} ELSE coalesce(${available}, ${now}) END`;
}
