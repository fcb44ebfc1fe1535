import type { KeyOrder } from '../../ports/key-order.js';
import { keyHead } from '../shared/key-order.js';

/**
 * The server cannot look for the next key by a subquery: it reads all that lies before. It can jump from group to group
 * of an index (`Using index for group-by`), where these begin with the index's columns and all are named.
 */
export const keyOrder: KeyOrder = {
  async heads(sql, t, { handlerId, after, limit, due }) {
    // A key has two groups at most: what is pending, and what runs. The last one may be cut off.
    const groups = 2 * limit + 1;
    const rows = await sql.rows(
      `SELECT g.order_key, g.state, g.position, d.rescues, d.due_at - ${due.sql} AS due_in
       FROM (
         SELECT handler_id, order_key, state, min(position) AS position FROM ${t.delivery} FORCE INDEX (delivery_order)
         WHERE handler_id = ? AND order_key > ? GROUP BY handler_id, order_key, state LIMIT ${groups}
       ) g STRAIGHT_JOIN ${t.delivery} d ON d.handler_id = g.handler_id AND d.position = g.position
       ORDER BY g.order_key, g.state`,
      [...due.parameters, handlerId, after],
    );
    const firsts = new Map(rows.map((row) => [row.order_key as string, keyHead(row)]));
    const heads = [...firsts.values()];
    if (rows.length < groups && heads.length <= limit) return { heads, end: true };
    return { heads: heads.slice(0, Math.min(limit, heads.length - 1)), end: false };
  },
  // The index is named: with old statistics the server prefers the primary key, and reads all rows of the handler.
  // NOT EXISTS would be made a table of all that run, by reading the whole index.
  isHead: (t, alias) => `((
    SELECT r.position FROM ${t.delivery} r FORCE INDEX (delivery_order)
    WHERE r.handler_id = ${alias}.handler_id AND r.order_key = ${alias}.order_key AND r.state = 1 LIMIT 1
  ) IS NULL AND ${alias}.position = (
    SELECT f.position FROM ${t.delivery} f FORCE INDEX (delivery_order)
    WHERE f.handler_id = ${alias}.handler_id AND f.order_key = ${alias}.order_key AND f.state = 0 ORDER BY f.position LIMIT 1
  ))`,
};
