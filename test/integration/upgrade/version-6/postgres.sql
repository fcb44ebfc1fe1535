CREATE FUNCTION public.once_append(the_key text, the_group text, the_payload text, the_bytes bytea, the_encoding text, the_metadata text, the_stream text, the_version bigint, the_order text, occurred bigint, recorded bigint, available bigint, registry integer, the_handler integer, the_rank smallint, delivery_order text, the_worker bigint, the_wait bigint, due bigint, others json, tags text[]) RETURNS text
    LANGUAGE plpgsql
    AS $_$
#variable_conflict use_column
DECLARE place bigint; found text;
BEGIN
  IF the_stream IS NULL THEN
    INSERT INTO public."once_event" AS e (position, event_key, event_group, payload, payload_bytes, encoding, metadata, stream, stream_version, order_key, occurred_at, recorded_at, available_at, registry_version)
      VALUES (nextval('public."once_event_position"'), the_key, the_group, the_payload, the_bytes, the_encoding, the_metadata,
        the_stream, the_version, the_order, occurred, recorded, available, registry)
      ON CONFLICT (event_key) DO NOTHING RETURNING e.position INTO place;
  ELSE
    INSERT INTO public."once_event" AS e (position, event_key, event_group, payload, payload_bytes, encoding, metadata, stream, stream_version, order_key, occurred_at, recorded_at, available_at, registry_version)
      VALUES (nextval('public."once_event_position"'), the_key, the_group, the_payload, the_bytes, the_encoding, the_metadata,
        the_stream, the_version, the_order, occurred, recorded, available, registry)
      ON CONFLICT  DO NOTHING RETURNING e.position INTO place;
  END IF;
  IF place IS NULL THEN
    EXECUTE $q$SELECT event_group FROM public."once_event" WHERE event_key = $1$q$ INTO found USING the_key;
    IF the_stream IS NULL THEN RETURN to_json(found)::text; END IF;
    EXECUTE $q$SELECT event_key FROM public."once_event" WHERE event_key = $1 OR (stream = $2 AND stream_version = $3)$q$
      INTO found USING the_key, the_stream, the_version;
    IF found IS NULL THEN
      RAISE EXCEPTION 'the sequence % gives positions that are in the log', $name$public."once_event_position"$name$
        USING ERRCODE = 'unique_violation';
    END IF;
    RETURN 'false';
  END IF;
  IF the_handler IS NOT NULL THEN
    INSERT INTO public."once_delivery" (handler_id, position, handler_rank, order_key, worker_id, state, due_at)
      VALUES (the_handler, place, the_rank, delivery_order, the_worker, CASE WHEN the_worker IS NULL THEN 0 ELSE 1 END, CASE WHEN the_wait > 0 THEN greatest(available, coalesce(due, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)) + the_wait ELSE coalesce(available, coalesce(due, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)) END);
  END IF;
  IF others IS NOT NULL THEN
    INSERT INTO public."once_delivery" (handler_id, position, handler_rank, order_key, worker_id, state, due_at)
      SELECT d.handler, place, d.rank, d.keyed, d.worker, CASE WHEN d.worker IS NULL THEN 0 ELSE 1 END, CASE WHEN d.wait > 0 THEN greatest(available, coalesce(due, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)) + d.wait ELSE coalesce(available, coalesce(due, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)) END
      FROM json_to_recordset(others) AS d (handler integer, rank smallint, keyed text, worker bigint, wait bigint);
  END IF;
  IF tags IS NOT NULL THEN
    INSERT INTO public."once_event_tag" (tag, position) SELECT g.tag, place FROM unnest(tags) AS g (tag);
  END IF;
  RETURN place;
END $_$;
CREATE FUNCTION public.once_append_many(the_keys text[], the_groups text[], payloads text[], bytes bytea[], encodings text[], metadatas text[], streams text[], versions bigint[], orders text[], occurred bigint[], recorded bigint[], available bigint[], registries integer[], delivered integer[], handlers integer[], ranks smallint[], delivery_orders text[], workers bigint[], waits bigint[], due bigint, tagged integer[], tags text[]) RETURNS text
    LANGUAGE plpgsql
    AS $_$
#variable_conflict use_column
DECLARE places bigint[]; done bigint[]; reached integer := 1; known text[]; taken integer; found text; seen integer; groups json;
BEGIN
  IF streams IS NULL THEN
    WITH input AS MATERIALIZED (
      SELECT nextval('public."once_event_position"') AS position, i.*
      FROM unnest(the_keys, the_groups, payloads, bytes, encodings, metadatas, streams, versions, orders, occurred, recorded,
        available, registries) WITH ORDINALITY AS i (event_key, event_group, payload, payload_bytes, encoding, metadata, stream, stream_version, order_key, occurred_at, recorded_at, available_at, registry_version, ord)
    ), inserted AS (
      INSERT INTO public."once_event" AS e (position, event_key, event_group, payload, payload_bytes, encoding, metadata, stream, stream_version, order_key, occurred_at, recorded_at, available_at, registry_version)
      SELECT position, event_key, event_group, payload, payload_bytes, encoding, metadata, stream, stream_version, order_key, occurred_at, recorded_at, available_at, registry_version FROM input ORDER BY event_key COLLATE "C", ord
      ON CONFLICT (event_key) DO NOTHING RETURNING e.position
    )
    SELECT (SELECT array_agg(position ORDER BY ord) FROM input), (SELECT array_agg(position ORDER BY position) FROM inserted)
      INTO places, done;
  ELSE
    WITH input AS MATERIALIZED (
      SELECT nextval('public."once_event_position"') AS position, i.*
      FROM unnest(the_keys, the_groups, payloads, bytes, encodings, metadatas, streams, versions, orders, occurred, recorded,
        available, registries) WITH ORDINALITY AS i (event_key, event_group, payload, payload_bytes, encoding, metadata, stream, stream_version, order_key, occurred_at, recorded_at, available_at, registry_version, ord)
    ), inserted AS (
      INSERT INTO public."once_event" AS e (position, event_key, event_group, payload, payload_bytes, encoding, metadata, stream, stream_version, order_key, occurred_at, recorded_at, available_at, registry_version)
      SELECT position, event_key, event_group, payload, payload_bytes, encoding, metadata, stream, stream_version, order_key, occurred_at, recorded_at, available_at, registry_version FROM input ORDER BY event_key COLLATE "C", ord
      ON CONFLICT  DO NOTHING RETURNING e.position
    )
    SELECT (SELECT array_agg(position ORDER BY ord) FROM input), (SELECT array_agg(position ORDER BY position) FROM inserted)
      INTO places, done;
  END IF;
  IF cardinality(places) > coalesce(cardinality(done), 0) THEN
    FOR i IN 1 .. cardinality(places) LOOP
      IF places[i] = done[reached] THEN reached := reached + 1; CONTINUE; END IF;
      places[i] := NULL;
      known := known || the_keys[i];
      IF taken IS NULL AND streams[i] IS NOT NULL THEN taken := i; END IF;
    END LOOP;
    IF taken IS NOT NULL THEN
      EXECUTE $q$SELECT event_key FROM public."once_event" WHERE event_key = $1 OR (stream = $2 AND stream_version = $3)$q$
      INTO found USING the_keys[taken], streams[taken], versions[taken];
    IF found IS NULL THEN
      RAISE EXCEPTION 'the sequence % gives positions that are in the log', $name$public."once_event_position"$name$
        USING ERRCODE = 'unique_violation';
    END IF;
      EXECUTE $q$DELETE FROM public."once_event" WHERE position = ANY($1)$q$ USING done;
      RETURN json_build_object('taken', taken);
    END IF;
    EXECUTE $q$SELECT json_object_agg(event_key, event_group), count(*) FROM public."once_event" WHERE event_key = ANY($1)$q$
      INTO groups, seen USING known;
    IF streams IS NOT NULL AND seen < (SELECT count(DISTINCT k) FROM unnest(known) AS k) THEN
      RAISE EXCEPTION 'the sequence % gives positions that are in the log', $name$public."once_event_position"$name$
        USING ERRCODE = 'unique_violation';
    END IF;
  END IF;
  IF handlers IS NOT NULL THEN
    INSERT INTO public."once_delivery" (handler_id, position, handler_rank, order_key, worker_id, state, due_at)
      SELECT d.handler, places[d.nr], d.rank, d.keyed, d.worker, CASE WHEN d.worker IS NULL THEN 0 ELSE 1 END, CASE WHEN d.wait > 0 THEN greatest(available[d.nr], coalesce(due, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)) + d.wait ELSE coalesce(available[d.nr], coalesce(due, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)) END
      FROM unnest(delivered, handlers, ranks, delivery_orders, workers, waits) AS d (nr, handler, rank, keyed, worker, wait)
      WHERE places[d.nr] IS NOT NULL;
  END IF;
  IF tags IS NOT NULL THEN
    INSERT INTO public."once_event_tag" (tag, position) SELECT g.tag, places[g.nr] FROM unnest(tagged, tags) AS g (nr, tag)
      WHERE places[g.nr] IS NOT NULL;
  END IF;
  RETURN json_build_object('places', places, 'groups', groups);
END $_$;
CREATE FUNCTION public.once_claim(the_handler integer, take integer, the_worker bigint, due bigint) RETURNS TABLE(handler_id integer, attempts integer, starts integer, rescues integer, due_at bigint, "position" bigint, event_key text, event_group text, payload text, payload_bytes bytea, encoding text, metadata text, occurred_at bigint, recorded_at bigint)
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY UPDATE "once_delivery" d SET state = 1, worker_id = the_worker
    FROM "once_event" e
    WHERE e.position = d.position AND d.ctid = ANY(ARRAY(
      SELECT p.ctid FROM "once_delivery" p
      WHERE p.handler_id = the_handler AND p.state = 0 AND p.order_key IS NULL AND p.due_at <= due
        AND p.rescues < 3
      ORDER BY p.due_at, p.position LIMIT take FOR UPDATE SKIP LOCKED))
    RETURNING d.handler_id, d.attempts, d.starts, d.rescues, d.due_at, d.position,
      e.event_key, e.event_group, e.payload, e.payload_bytes, e.encoding, e.metadata, e.occurred_at, e.recorded_at;
END $$;
CREATE FUNCTION public.once_claim_due(the_handler integer, take integer, the_worker bigint, due bigint) RETURNS TABLE(handler_id integer, attempts integer, starts integer, rescues integer, due_at bigint, "position" bigint, event_key text, event_group text, payload text, payload_bytes bytea, encoding text, metadata text, order_key text, occurred_at bigint, recorded_at bigint)
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY WITH claimed AS (
    UPDATE "once_delivery" d SET state = 1, worker_id = the_worker
    WHERE d.ctid = ANY(ARRAY(
      SELECT p.ctid FROM "once_delivery" p
      WHERE p.handler_id = the_handler AND p.state = 0 AND p.order_key IS NULL AND p.due_at <= due
        AND p.rescues < 3
      ORDER BY p.due_at, p.position LIMIT take FOR UPDATE SKIP LOCKED))
    RETURNING d.handler_id, d.attempts, d.starts, d.rescues, d.due_at, d.position)
  SELECT c.handler_id, c.attempts, c.starts, c.rescues, c.due_at, c.position,
      e.event_key, e.event_group, e.payload, e.payload_bytes, e.encoding, e.metadata,
      e.order_key, e.occurred_at, e.recorded_at
    FROM claimed c CROSS JOIN LATERAL (SELECT * FROM "once_event" e WHERE e.position = c.position OFFSET 0) e;
END $$;
CREATE FUNCTION public.once_complete(the_handler integer, the_position bigint, the_worker bigint, at bigint) RETURNS boolean
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    AS $$
DECLARE tried integer;
BEGIN
  DELETE FROM "once_delivery"
    WHERE handler_id = the_handler AND position = the_position AND state + 0 = 1 AND worker_id + 0 = the_worker
    RETURNING attempts INTO tried;
  IF NOT FOUND THEN RETURN false; END IF;
  INSERT INTO "once_delivery_finished" (handler_id, position, state, attempts, finished_at)
    VALUES (the_handler, the_position, 3, tried + 1, at);
  RETURN true;
END $$;
CREATE FUNCTION public.once_decide(buckets integer[], owned boolean[], patience integer, wait integer, items json, settled bigint, seen bigint[]) RETURNS text
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    AS $$
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
        PERFORM pg_advisory_xact_lock('public."once_event_tag"'::regclass::oid::integer, buckets[i]);
        IF NOT has THEN has := true; PERFORM set_config('lock_timeout', wait::text, true); END IF;
      ELSE PERFORM pg_advisory_xact_lock_shared('public."once_event_tag"'::regclass::oid::integer, buckets[i]); END IF;
    ELSIF owned[i] THEN
      IF NOT pg_try_advisory_xact_lock('public."once_event_tag"'::regclass::oid::integer, buckets[i]) THEN RETURN '"locked"'; END IF;
    ELSIF NOT pg_try_advisory_xact_lock_shared('public."once_event_tag"'::regclass::oid::integer, buckets[i]) THEN RETURN '"locked"'; END IF;
  END LOOP;
  IF items IS NULL THEN RETURN NULL; END IF;
  SELECT json_agg(json_build_array(e.position, e.event_group, i.nr)) INTO found
    FROM ROWS FROM (json_to_recordset(items) AS (tags text[], groups text[])) WITH ORDINALITY AS i (tags, groups, nr)
    CROSS JOIN LATERAL (SELECT g.position FROM public."once_event_tag" g
      WHERE g.tag = i.tags[1] COLLATE "C" AND g.position > settled OFFSET 0) g
    CROSS JOIN LATERAL (SELECT v.position, v.event_group FROM public."once_event" v WHERE v.position = g.position OFFSET 0) e
    WHERE (i.groups IS NULL OR e.event_group = ANY(i.groups))
      AND (seen IS NULL OR g.position <> ALL(seen))
      AND NOT EXISTS (SELECT 1 FROM unnest(i.tags) AS o (tag) WHERE NOT EXISTS (
        SELECT 1 FROM public."once_event_tag" x WHERE x.tag = o.tag COLLATE "C" AND x.position = g.position));
  RETURN found;
END $$;
CREATE PROCEDURE public.once_finish(IN the_handler integer, IN the_position bigint, IN the_worker bigint, IN at bigint)
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    AS $$
DECLARE tried integer;
BEGIN
  DELETE FROM "once_delivery"
    WHERE handler_id = the_handler AND position = the_position AND state + 0 = 1 AND worker_id + 0 = the_worker
    RETURNING attempts INTO tried;
  IF NOT FOUND THEN RAISE EXCEPTION 'the worker holds the delivery no more' USING ERRCODE = 'ON001'; END IF;
  INSERT INTO "once_delivery_finished" (handler_id, position, state, attempts, finished_at)
    VALUES (the_handler, the_position, 3, tried + 1, coalesce(at, (extract(epoch FROM clock_timestamp()) * 1000)::bigint));
END $$;
CREATE FUNCTION public.once_share_tags(buckets integer[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared('public."once_event_tag"'::regclass::oid::integer, b.bucket) FROM unnest(buckets) AS b (bucket);
END $$;
CREATE TABLE public.once_delivery (
    handler_id integer NOT NULL,
    "position" bigint NOT NULL,
    state smallint DEFAULT 0 NOT NULL,
    handler_rank smallint DEFAULT 0 NOT NULL,
    order_key text COLLATE pg_catalog."C",
    due_at bigint NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    starts integer DEFAULT 0 NOT NULL,
    rescues integer DEFAULT 0 NOT NULL,
    worker_id bigint,
    cancel_requested smallint DEFAULT 0 NOT NULL,
    error text,
    failed_at bigint
)
WITH (fillfactor='70');
CREATE TABLE public.once_delivery_finished (
    handler_id integer NOT NULL,
    "position" bigint NOT NULL,
    state smallint NOT NULL,
    attempts integer NOT NULL,
    finished_at bigint NOT NULL
);
CREATE TABLE public.once_event (
    "position" bigint NOT NULL,
    event_key text NOT NULL COLLATE pg_catalog."C",
    event_group text NOT NULL COLLATE pg_catalog."C",
    payload text,
    payload_bytes bytea,
    encoding text NOT NULL,
    metadata text NOT NULL,
    stream text COLLATE pg_catalog."C",
    stream_version bigint,
    order_key text COLLATE pg_catalog."C",
    occurred_at bigint NOT NULL,
    recorded_at bigint NOT NULL,
    available_at bigint,
    registry_version integer NOT NULL
);
CREATE SEQUENCE public.once_event_position
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.once_event_position OWNED BY public.once_event."position";
CREATE TABLE public.once_event_tag (
    tag text NOT NULL COLLATE pg_catalog."C",
    "position" bigint NOT NULL
);
CREATE TABLE public.once_follower (
    name text NOT NULL COLLATE pg_catalog."C",
    version integer NOT NULL,
    owner bigint,
    paused_at bigint,
    stopped_at bigint,
    starts integer DEFAULT 0 NOT NULL,
    suspect_until bigint,
    failed_position bigint,
    attempts integer DEFAULT 0 NOT NULL,
    error text,
    failed_at bigint,
    retry_at bigint,
    seen_at bigint NOT NULL
);
CREATE TABLE public.once_follower_event (
    follower text NOT NULL COLLATE pg_catalog."C",
    version integer NOT NULL,
    "position" bigint NOT NULL,
    stream text NOT NULL COLLATE pg_catalog."C",
    state smallint NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    error text,
    due_at bigint,
    noted_at bigint NOT NULL
);
CREATE TABLE public.once_follower_position (
    follower text NOT NULL COLLATE pg_catalog."C",
    version integer NOT NULL,
    upstream text NOT NULL COLLATE pg_catalog."C",
    "position" bigint NOT NULL,
    replay_until bigint DEFAULT 0 NOT NULL,
    revision bigint DEFAULT 0 NOT NULL
);
CREATE TABLE public.once_forgetting (
    subject text NOT NULL COLLATE pg_catalog."C",
    requested_at bigint NOT NULL
);
CREATE TABLE public.once_handler (
    id integer NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    former_names text DEFAULT '[]'::text NOT NULL,
    handler_rank smallint DEFAULT 0 NOT NULL,
    retired_at bigint,
    paused_at bigint,
    ordered smallint DEFAULT 0 NOT NULL
);
ALTER TABLE public.once_handler ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.once_handler_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.once_handler_pattern (
    id integer NOT NULL,
    handler_id integer NOT NULL,
    source text NOT NULL,
    flags text NOT NULL,
    heartbeat_at bigint NOT NULL,
    coverage text NOT NULL
);
ALTER TABLE public.once_handler_pattern ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.once_handler_pattern_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.once_lease (
    name text NOT NULL COLLATE pg_catalog."C",
    owner text NOT NULL,
    lease_until bigint NOT NULL
);
CREATE TABLE public.once_migration (
    version integer NOT NULL,
    name character varying(255) NOT NULL
);
CREATE TABLE public.once_rescan (
    scan text NOT NULL COLLATE pg_catalog."C",
    last_key text,
    started_at bigint NOT NULL,
    finished_at bigint
);
CREATE TABLE public.once_rescan_request (
    id bigint NOT NULL,
    entity text NOT NULL COLLATE pg_catalog."C",
    requested_at bigint NOT NULL
);
ALTER TABLE public.once_rescan_request ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.once_rescan_request_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.once_snapshot (
    stream text NOT NULL COLLATE pg_catalog."C",
    version bigint NOT NULL,
    schema_version integer NOT NULL,
    payload text,
    payload_bytes bytea,
    encoding text NOT NULL,
    created_at bigint NOT NULL
);
CREATE TABLE public.once_state (
    name text NOT NULL COLLATE pg_catalog."C",
    value bigint NOT NULL
);
CREATE TABLE public.once_subject_key (
    subject text NOT NULL COLLATE pg_catalog."C",
    key_id text,
    secret bytea,
    wrapped_by text,
    created_at bigint NOT NULL,
    erased_at bigint
);
CREATE TABLE public.once_worker (
    id bigint NOT NULL,
    host text NOT NULL,
    pid integer NOT NULL,
    started_at bigint NOT NULL,
    lease_until bigint NOT NULL
);
ALTER TABLE public.once_worker ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.once_worker_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE ONLY public.once_event ALTER COLUMN "position" SET DEFAULT nextval('public.once_event_position'::regclass);
INSERT INTO public.once_delivery VALUES (1, 2, 2, 1000, NULL, 1796026243318, 1, 1, 0, NULL, 0, 'NonRetriableError: no address', 1796026243345);
INSERT INTO public.once_delivery VALUES (1, 3, 0, 1000, NULL, 4102444800000, 0, 1, 0, NULL, 0, NULL, NULL);
INSERT INTO public.once_delivery VALUES (2, 4, 2, 1000, NULL, 1796026243340, 1, 1, 0, NULL, 0, 'NonRetriableError: no account', 1796026243403);
INSERT INTO public.once_delivery VALUES (1, 7, 0, 1000, NULL, 1796026243615, 0, 0, 0, NULL, 0, NULL, NULL);
INSERT INTO public.once_delivery VALUES (2, 7, 0, 1000, 'customer 1', 1796026243616, 0, 0, 0, NULL, 0, NULL, NULL);
INSERT INTO public.once_delivery VALUES (3, 7, 0, 1000, NULL, 1796026243616, 0, 0, 0, NULL, 0, NULL, NULL);
INSERT INTO public.once_delivery VALUES (1, 8, 0, 1000, NULL, 1796026243622, 0, 0, 0, NULL, 0, NULL, NULL);
INSERT INTO public.once_delivery VALUES (2, 8, 0, 1000, 'customer 2', 1796026243622, 0, 0, 0, NULL, 0, NULL, NULL);
INSERT INTO public.once_delivery VALUES (3, 8, 0, 1000, NULL, 1796026243622, 0, 0, 0, NULL, 0, NULL, NULL);
INSERT INTO public.once_delivery VALUES (1, 9, 0, 1000, NULL, 1796026243628, 0, 0, 0, NULL, 0, NULL, NULL);
INSERT INTO public.once_delivery VALUES (2, 9, 0, 1000, 'customer 0', 1796026243628, 0, 0, 0, NULL, 0, NULL, NULL);
INSERT INTO public.once_delivery VALUES (3, 9, 0, 1000, NULL, 1796026243628, 0, 0, 0, NULL, 0, NULL, NULL);
INSERT INTO public.once_delivery_finished VALUES (1, 1, 3, 1, 1796026243350);
INSERT INTO public.once_delivery_finished VALUES (1, 4, 3, 1, 1796026243373);
INSERT INTO public.once_delivery_finished VALUES (2, 1, 3, 1, 1796026243373);
INSERT INTO public.once_delivery_finished VALUES (2, 2, 3, 1, 1796026243373);
INSERT INTO public.once_delivery_finished VALUES (1, 5, 3, 1, 1796026243387);
INSERT INTO public.once_delivery_finished VALUES (1, 6, 3, 1, 1796026243393);
INSERT INTO public.once_delivery_finished VALUES (2, 3, 3, 1, 1796026243393);
INSERT INTO public.once_delivery_finished VALUES (2, 5, 3, 1, 1796026243407);
INSERT INTO public.once_delivery_finished VALUES (2, 6, 3, 1, 1796026243431);
INSERT INTO public.once_event VALUES (1, 'order 1', 'shop.Ordered', '{"n":1,"at":{"$type":"Date","value":"2026-01-01T00:00:00.000Z"},"total":{"$type":"bigint","value":"12345678901234567890"},"text":"It''s \"1\" \\ 🙂"}', NULL, 'json', '{"correlationId":"order 1","source":"append"}', NULL, NULL, 'customer 1', 1767225600000, 1796026243273, NULL, 1);
INSERT INTO public.once_event VALUES (2, 'order 2', 'shop.Paid', '{"n":2,"at":{"$type":"Date","value":"2026-01-02T00:00:00.000Z"},"total":{"$type":"bigint","value":"12345678901234567890"},"text":"It''s \"2\" \\ 🙂"}', NULL, 'json', '{"correlationId":"order 2","source":"append"}', NULL, NULL, 'customer 2', 1767312000000, 1796026243311, NULL, 1);
INSERT INTO public.once_event VALUES (3, 'order 3', 'shop.Ordered', '{"n":3,"at":{"$type":"Date","value":"2026-01-03T00:00:00.000Z"},"total":{"$type":"bigint","value":"12345678901234567890"},"text":"It''s \"3\" \\ 🙂"}', NULL, 'json', '{"correlationId":"order 3","source":"append"}', NULL, NULL, 'customer 0', 1767398400000, 1796026243333, NULL, 1);
INSERT INTO public.once_event VALUES (4, 'order 4', 'shop.Paid', '{"n":4,"at":{"$type":"Date","value":"2026-01-04T00:00:00.000Z"},"total":{"$type":"bigint","value":"12345678901234567890"},"text":"It''s \"4\" \\ 🙂"}', NULL, 'json', '{"correlationId":"order 4","source":"append"}', NULL, NULL, 'customer 1', 1767484800000, 1796026243339, NULL, 1);
INSERT INTO public.once_event VALUES (5, 'order 5', 'shop.Ordered', '{"n":5,"at":{"$type":"Date","value":"2026-01-05T00:00:00.000Z"},"total":{"$type":"bigint","value":"12345678901234567890"},"text":"It''s \"5\" \\ 🙂"}', NULL, 'json', '{"correlationId":"order 5","source":"append"}', NULL, NULL, 'customer 2', 1767571200000, 1796026243358, NULL, 1);
INSERT INTO public.once_event VALUES (6, 'order 6', 'shop.Paid', '{"n":6,"at":{"$type":"Date","value":"2026-01-06T00:00:00.000Z"},"total":{"$type":"bigint","value":"12345678901234567890"},"text":"It''s \"6\" \\ 🙂"}', NULL, 'json', '{"correlationId":"order 6","source":"append"}', NULL, NULL, 'customer 0', 1767657600000, 1796026243370, NULL, 1);
INSERT INTO public.once_event VALUES (7, 'order 7', 'shop.Ordered', '{"n":7,"at":{"$type":"Date","value":"2026-01-07T00:00:00.000Z"},"total":{"$type":"bigint","value":"12345678901234567890"},"text":"It''s \"7\" \\ 🙂"}', NULL, 'json', '{"correlationId":"order 7","source":"append"}', NULL, NULL, 'customer 1', 1767744000000, 1796026243613, NULL, 2);
INSERT INTO public.once_event VALUES (8, 'order 8', 'shop.Paid', '{"n":8,"at":{"$type":"Date","value":"2026-01-08T00:00:00.000Z"},"total":{"$type":"bigint","value":"12345678901234567890"},"text":"It''s \"8\" \\ 🙂"}', NULL, 'json', '{"correlationId":"order 8","source":"append"}', NULL, NULL, 'customer 2', 1767830400000, 1796026243618, NULL, 2);
INSERT INTO public.once_event VALUES (9, 'order 9', 'shop.Ordered', '{"n":9,"at":{"$type":"Date","value":"2026-01-09T00:00:00.000Z"},"total":{"$type":"bigint","value":"12345678901234567890"},"text":"It''s \"9\" \\ 🙂"}', NULL, 'json', '{"correlationId":"order 9","source":"append"}', NULL, NULL, 'customer 0', 1767916800000, 1796026243626, NULL, 2);
INSERT INTO public.once_event VALUES (10, 'stream:TrainingSchool:fido:1', 'Dog.Registered', '{"name":"Fido"}', NULL, 'json', '{"correlationId":"stream:TrainingSchool:fido:1","source":"Dog"}', 'TrainingSchool:fido', 1, 'TrainingSchool:fido', 1796052643723, 1796052643723, NULL, 2);
INSERT INTO public.once_event VALUES (11, 'stream:TrainingSchool:fido:2', 'Dog.TrickAdded', '{"trick":"sit"}', NULL, 'json', '{"correlationId":"stream:TrainingSchool:fido:2","source":"Dog"}', 'TrainingSchool:fido', 2, 'TrainingSchool:fido', 1796052643723, 1796052643723, NULL, 2);
INSERT INTO public.once_follower VALUES ('Totals', 1, NULL, NULL, NULL, 0, NULL, NULL, 0, NULL, NULL, NULL, 1796026290000);
INSERT INTO public.once_follower_event VALUES ('Totals', 1, 2, '#2', 1, 3, 'Error: no total', 1796026291000, 1796026290000);
INSERT INTO public.once_follower_event VALUES ('Totals', 1, 3, '#3', 2, 3, 'Error: no total', NULL, 1796026290000);
INSERT INTO public.once_follower_position VALUES ('Totals', 1, '', 4, 0, 2);
INSERT INTO public.once_handler VALUES (1, 'Mails.send', '[]', 1000, NULL, NULL, 0);
INSERT INTO public.once_handler VALUES (2, 'Ledger.book', '[]', 1000, NULL, NULL, 1);
INSERT INTO public.once_handler VALUES (3, 'Absent.handle', '[]', 1000, NULL, NULL, 0);
INSERT INTO public.once_handler_pattern VALUES (1, 1, '^shop\.', '', 1796026243260, '{"periods":[],"filled":[],"active":{"version":1,"after":0}}');
INSERT INTO public.once_handler_pattern VALUES (2, 2, '^shop\.', '', 1796026243262, '{"periods":[],"filled":[],"active":{"version":1,"after":0}}');
INSERT INTO public.once_handler_pattern VALUES (3, 3, '^shop\.', '', 1796026243604, '{"periods":[],"filled":[],"active":{"version":2,"after":6}}');
INSERT INTO public.once_migration VALUES (1, 'log');
INSERT INTO public.once_migration VALUES (2, 'append');
INSERT INTO public.once_migration VALUES (3, 'snapshots');
INSERT INTO public.once_migration VALUES (4, 'decisions');
INSERT INTO public.once_migration VALUES (5, 'subject-keys');
INSERT INTO public.once_migration VALUES (6, 'followers');
INSERT INTO public.once_state VALUES ('fan_out', 0);
INSERT INTO public.once_state VALUES ('registry_version', 2);
SELECT pg_catalog.setval('public.once_event_position', 11, true);
SELECT pg_catalog.setval('public.once_handler_id_seq', 3, true);
SELECT pg_catalog.setval('public.once_handler_pattern_id_seq', 3, true);
SELECT pg_catalog.setval('public.once_rescan_request_id_seq', 1, false);
SELECT pg_catalog.setval('public.once_worker_id_seq', 1, true);
ALTER TABLE ONLY public.once_delivery_finished
    ADD CONSTRAINT once_delivery_finished_pkey PRIMARY KEY (handler_id, "position");
ALTER TABLE ONLY public.once_delivery
    ADD CONSTRAINT once_delivery_pkey PRIMARY KEY (handler_id, "position");
ALTER TABLE ONLY public.once_event
    ADD CONSTRAINT once_event_pkey PRIMARY KEY ("position");
ALTER TABLE ONLY public.once_event_tag
    ADD CONSTRAINT once_event_tag_pkey PRIMARY KEY (tag, "position");
ALTER TABLE ONLY public.once_follower_event
    ADD CONSTRAINT once_follower_event_pkey PRIMARY KEY (follower, version, "position");
ALTER TABLE ONLY public.once_follower
    ADD CONSTRAINT once_follower_pkey PRIMARY KEY (name, version);
ALTER TABLE ONLY public.once_follower_position
    ADD CONSTRAINT once_follower_position_pkey PRIMARY KEY (follower, version, upstream);
ALTER TABLE ONLY public.once_forgetting
    ADD CONSTRAINT once_forgetting_pkey PRIMARY KEY (subject);
ALTER TABLE ONLY public.once_handler
    ADD CONSTRAINT once_handler_name_key UNIQUE (name);
ALTER TABLE ONLY public.once_handler_pattern
    ADD CONSTRAINT once_handler_pattern_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.once_handler
    ADD CONSTRAINT once_handler_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.once_lease
    ADD CONSTRAINT once_lease_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.once_migration
    ADD CONSTRAINT once_migration_pkey PRIMARY KEY (version);
ALTER TABLE ONLY public.once_rescan
    ADD CONSTRAINT once_rescan_pkey PRIMARY KEY (scan);
ALTER TABLE ONLY public.once_rescan_request
    ADD CONSTRAINT once_rescan_request_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.once_snapshot
    ADD CONSTRAINT once_snapshot_pkey PRIMARY KEY (stream, version, schema_version);
ALTER TABLE ONLY public.once_state
    ADD CONSTRAINT once_state_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.once_subject_key
    ADD CONSTRAINT once_subject_key_pkey PRIMARY KEY (subject);
ALTER TABLE ONLY public.once_worker
    ADD CONSTRAINT once_worker_pkey PRIMARY KEY (id);
CREATE INDEX once_delivery_claim ON public.once_delivery USING btree (handler_id, due_at, "position") WHERE ((state = 0) AND (order_key IS NULL));
CREATE INDEX once_delivery_dead ON public.once_delivery USING btree (handler_id, failed_at) WHERE (state = 2);
CREATE INDEX once_delivery_finished_at ON public.once_delivery_finished USING btree (state, finished_at);
CREATE INDEX once_delivery_order ON public.once_delivery USING btree (handler_id, order_key, state DESC, "position") WHERE (order_key IS NOT NULL);
CREATE INDEX once_delivery_suspect ON public.once_delivery USING btree (handler_id) WHERE ((state = 0) AND (rescues >= 3));
CREATE INDEX once_delivery_worker ON public.once_delivery USING btree (worker_id) WHERE (state = 1);
CREATE UNIQUE INDEX once_event_key ON public.once_event USING btree (event_key);
CREATE UNIQUE INDEX once_event_stream ON public.once_event USING btree (stream, stream_version) WHERE (stream IS NOT NULL);
CREATE INDEX once_event_tag_position ON public.once_event_tag USING btree ("position");
CREATE INDEX once_follower_event_due ON public.once_follower_event USING btree (follower, version, state, due_at);
CREATE INDEX once_follower_event_stream ON public.once_follower_event USING btree (follower, version, stream, "position");
CREATE INDEX once_handler_pattern_handler ON public.once_handler_pattern USING btree (handler_id);
