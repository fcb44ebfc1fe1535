import { SUSPECT_RESCUES } from '../../ports/rows.js';
import type { Tables } from '../../ports/tables.js';
import { NOW } from './now.js';

/*
 * Functions, since the server keeps the plans of their statements, also behind a pooler: planning takes longer than
 * running what a worker does for one delivery. The table is never read as a whole, at whatever size of it a plan was
 * made.
 */
const CLAIM = 'claim';
const CLAIM_DUE = 'claim_due';
const COMPLETE = 'complete';
const FINISH = 'finish';

const DELIVERY = '(the_handler integer, the_position bigint, the_worker bigint, at bigint)';

/** `SQLSTATE` where the worker holds the delivery no more. */
const NOT_HELD = 'ON001';

export function claimFunction(t: Tables): string {
  return t.name(CLAIM_DUE);
}

export function completeFunction(t: Tables): string {
  return t.name(COMPLETE);
}

export function finishProcedure(t: Tables): string {
  return t.name(FINISH);
}

export function createFunctions(t: Tables): string[] {
  return [createClaim(t), createComplete(t), createFinish(t)];
}

export function dropFunctions(t: Tables): string[] {
  return [
    `DROP FUNCTION IF EXISTS ${t.name(CLAIM)} (integer, integer, bigint, bigint)`,
    `DROP PROCEDURE IF EXISTS ${finishProcedure(t)} (integer, bigint, bigint, bigint)`,
    `DROP FUNCTION IF EXISTS ${completeFunction(t)} (integer, bigint, bigint, bigint)`,
  ];
}

/** Of the first version of the tables: processes of that release call it. */
function createClaim(t: Tables): string {
  return `CREATE OR REPLACE FUNCTION ${t.name(CLAIM)} (the_handler integer, take integer, the_worker bigint, due bigint)
RETURNS TABLE (handler_id integer, attempts integer, starts integer, rescues integer, due_at bigint, "position" bigint,
  event_key text, event_group text, payload text, payload_bytes bytea, encoding text, metadata text,
  occurred_at bigint, recorded_at bigint)
LANGUAGE plpgsql SET enable_seqscan = off AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY UPDATE ${t.delivery} d SET state = 1, worker_id = the_worker
    FROM ${t.event} e
    WHERE e.position = d.position AND d.ctid = ANY(ARRAY(
      SELECT p.ctid FROM ${t.delivery} p
      WHERE p.handler_id = the_handler AND p.state = 0 AND p.order_key IS NULL AND p.due_at <= due
        AND p.rescues < ${SUSPECT_RESCUES}
      ORDER BY p.due_at, p.position LIMIT take FOR UPDATE SKIP LOCKED))
    RETURNING d.handler_id, d.attempts, d.starts, d.rescues, d.due_at, d.position,
      e.event_key, e.event_group, e.payload, e.payload_bytes, e.encoding, e.metadata, e.occurred_at, e.recorded_at;
END $$`;
}

/**
 * Takes due deliveries of one handler. Rows are updated where they were locked (`ctid`), and each event is looked up by itself
 * (`OFFSET 0`): a join of the two was planned, by statistics of the empty tables, to read all deliveries of the handler.
 */
export function createClaimDue(t: Tables): string {
  return `CREATE OR REPLACE FUNCTION ${claimFunction(t)} (the_handler integer, take integer, the_worker bigint, due bigint)
RETURNS TABLE (handler_id integer, attempts integer, starts integer, rescues integer, due_at bigint, "position" bigint,
  event_key text, event_group text, payload text, payload_bytes bytea, encoding text, metadata text,
  order_key text, occurred_at bigint, recorded_at bigint)
LANGUAGE plpgsql SET enable_seqscan = off AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY WITH claimed AS (
    UPDATE ${t.delivery} d SET state = 1, worker_id = the_worker
    WHERE d.ctid = ANY(ARRAY(
      SELECT p.ctid FROM ${t.delivery} p
      WHERE p.handler_id = the_handler AND p.state = 0 AND p.order_key IS NULL AND p.due_at <= due
        AND p.rescues < ${SUSPECT_RESCUES}
      ORDER BY p.due_at, p.position LIMIT take FOR UPDATE SKIP LOCKED))
    RETURNING d.handler_id, d.attempts, d.starts, d.rescues, d.due_at, d.position)
  SELECT c.handler_id, c.attempts, c.starts, c.rescues, c.due_at, c.position,
      e.event_key, e.event_group, e.payload, e.payload_bytes, e.encoding, e.metadata,
      e.order_key, e.occurred_at, e.recorded_at
    FROM claimed c CROSS JOIN LATERAL (SELECT * FROM ${t.event} e WHERE e.position = c.position OFFSET 0) e;
END $$`;
}

export function dropClaimDue(t: Tables): string {
  return `DROP FUNCTION IF EXISTS ${claimFunction(t)} (integer, integer, bigint, bigint)`;
}

/** Moves one delivery to the finished ones; false when the worker holds it no more. `+ 0` as in a batch of them. */
function createComplete(t: Tables): string {
  return `CREATE OR REPLACE FUNCTION ${completeFunction(t)} ${DELIVERY}
RETURNS boolean LANGUAGE plpgsql SET enable_seqscan = off AS $$
${completing(t, 'at', 'RETURN false')}
  RETURN true;
END $$`;
}

/**
 * Moves one delivery to the finished ones in a message with the COMMIT, as processes of an earlier release send it: the COMMIT
 * is not carried out when this fails, `NOT_HELD`. At the time of the server's clock where none is given. A procedure, since a CALL is not planned and answers nothing.
 */
function createFinish(t: Tables): string {
  const raise = `RAISE EXCEPTION 'the worker holds the delivery no more' USING ERRCODE = '${NOT_HELD}'`;
  return `CREATE OR REPLACE PROCEDURE ${finishProcedure(t)} ${DELIVERY}
LANGUAGE plpgsql SET enable_seqscan = off AS $$
${completing(t, `coalesce(at, ${NOW})`, raise)}
END $$`;
}

function completing(t: Tables, at: string, otherwise: string): string {
  return `DECLARE tried integer;
BEGIN
  DELETE FROM ${t.delivery}
    WHERE handler_id = the_handler AND position = the_position AND state + 0 = 1 AND worker_id + 0 = the_worker
    RETURNING attempts INTO tried;
  IF NOT FOUND THEN ${otherwise}; END IF;
  INSERT INTO ${t.finished} (handler_id, position, state, attempts, finished_at)
    VALUES (the_handler, the_position, 3, tried + 1, ${at});`;
}
