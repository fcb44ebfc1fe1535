import type { DecisionSql } from '../../ports/decision-sql.js';
import { EVENT_COLUMNS } from '../../ports/rows.js';
import { matching } from '../../ports/tag-match.js';

/** By one statement for all items. */
export const readByItem: DecisionSql['read'] = (sql, t, items, after) => {
  const parts = items.map((item, index) => {
    const { sql: from, parameters } = matching(t, item, after);
    return { text: `SELECT ${EVENT_COLUMNS}, ${index} AS item ${from}`, parameters };
  });
  return sql.rows(
    parts.map(({ text }) => text).join(' UNION ALL '),
    parts.flatMap(({ parameters }) => parameters),
  );
};
