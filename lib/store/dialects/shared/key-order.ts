import type { KeyHead, KeyOrder } from '../../ports/key-order.js';
import type { Row } from '../../ports/sql.js';

/** The running one of a key is the first in the index, the others follow in the order of the log. */
const FIRST = 'order_key, state DESC, position LIMIT 1';

/**
 * For databases that find the next key in an index by a subquery which names a row of the outer query. `CROSS JOIN` tells
 * SQLite which table comes first: it would read all rows of the handler otherwise.
 */
export const keyOrderByProbe: KeyOrder = {
  async heads(sql, t, { handlerId, after, limit, due }) {
    const rows = await sql.rows(
      `WITH RECURSIVE firsts (position, number) AS (
        SELECT (
          SELECT d.position FROM ${t.delivery} d WHERE d.handler_id = ? AND d.order_key > ? ORDER BY ${FIRST}
        ), 1
        UNION ALL
        SELECT (
          SELECT d.position FROM ${t.delivery} d
          WHERE d.handler_id = c.handler_id AND d.order_key > c.order_key ORDER BY ${FIRST}
        ), f.number + 1
        FROM firsts f CROSS JOIN ${t.delivery} c
        WHERE c.handler_id = ? AND c.position = f.position AND f.number < ?
      )
      SELECT c.order_key, c.position, c.state, c.rescues, c.due_at - ${due.sql} AS due_in
      FROM firsts f CROSS JOIN ${t.delivery} c
      WHERE c.handler_id = ? AND c.position = f.position ORDER BY f.number`,
      [handlerId, after, handlerId, limit, ...due.parameters, handlerId],
    );
    return { heads: rows.map(keyHead), end: rows.length < limit };
  },
  isHead: (t, alias) => `${alias}.position = (
    SELECT f.position FROM ${t.delivery} f
    WHERE f.handler_id = ${alias}.handler_id AND f.order_key = ${alias}.order_key ORDER BY f.state DESC, f.position LIMIT 1
  )`,
};

export function keyHead(row: Row): KeyHead {
  return {
    orderKey: row.order_key as string,
    position: Number(row.position),
    running: Number(row.state) === 1,
    dueIn: Number(row.due_in),
    rescues: Number(row.rescues),
  };
}
