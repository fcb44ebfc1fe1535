import { allOf, anyOf, type DeliveryStatus } from '../deliveries/delivery-filter.js';
import { positionsByHandler } from '../ports/delivery-ids.js';
import type { DeliveryId } from '../ports/delivery-ids.js';
import type { SqlPart } from '../ports/sql.js';
import { DeliveryState } from '../ports/rows.js';
import { marks } from '../ports/sql.js';

/**
 * The condition that a delivery `d` has one of these statuses. What is claimed `ahead` is pending until it starts, though
 * its row says that it runs.
 */
export function statesOf(statuses: readonly DeliveryStatus[], ahead: readonly DeliveryId[]): SqlPart {
  const states = anyOf(
    'd.state',
    statuses.map((status) => DeliveryState[status]),
  );
  const [pending, running] = [statuses.includes('pending'), statuses.includes('running')];
  if (ahead.length === 0 || pending === running) return states;
  const these = among(ahead);
  const sql = pending
    ? `(${states.sql} OR (d.state = ${DeliveryState.running} AND ${these.sql}))`
    : `(${states.sql} AND NOT (d.state = ${DeliveryState.running} AND ${these.sql}))`;
  return { sql, parameters: [...states.parameters, ...these.parameters] };
}

function among(deliveries: readonly DeliveryId[]): SqlPart {
  const each = [...positionsByHandler(deliveries)].map(([handlerId, positions]) => ({
    sql: `(d.handler_id = ? AND d.position IN (${marks(positions.length)}))`,
    parameters: [handlerId, ...positions],
  }));
  const { parameters } = allOf(each);
  return { sql: `(${each.map(({ sql }) => sql).join(' OR ')})`, parameters };
}
