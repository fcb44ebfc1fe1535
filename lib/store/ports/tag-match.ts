import type { BoundaryItem } from './decision-sql.js';
import { marks, type SqlPart } from './sql.js';
import type { Tables } from './tables.js';

/**
 * SQL behind SELECT: the events `e` behind a position that an item of a boundary matches, in the order of its first tag's
 * index. `hint` stands behind each table, `join` before all but the first.
 */
export function matching(
  t: Tables,
  { tags, groups }: BoundaryItem,
  after: number,
  { join = 'JOIN', hint = '' } = {},
): SqlPart {
  const [first, ...others] = tags;
  const joins = others.map(
    (_, index) =>
      `${join} ${t.tag} g${index} ${hint} ON g${index}.tag = ? AND g${index}.position = g.position`,
  );
  const ofGroups = groups ? `AND e.event_group IN (${marks(groups.length)})` : '';
  return {
    sql: `FROM ${t.tag} g ${hint} ${joins.join(' ')} ${join} ${t.event} e ${hint} ON e.position = g.position
      WHERE g.tag = ? AND g.position > ? ${ofGroups}`,
    parameters: [...others, first, after, ...(groups ?? [])],
  };
}
