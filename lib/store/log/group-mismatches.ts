import { groupsOfKnown } from '../ports/groups-of-known.js';
import type { Appended, EventRow } from '../ports/rows.js';
import type { Sql } from '../ports/sql.js';
import type { Tables } from '../ports/tables.js';

/** Told of a key that came again with another group: it was not recorded. */
export interface MismatchListener {
  groupMismatch(key: string, group: string, existingGroup: string): void;
}

/** Of keys that were in the log already. */
export async function warnOfMismatches(
  sql: Sql,
  t: Tables,
  rows: readonly EventRow[],
  appended: readonly Appended[],
  listener: MismatchListener,
): Promise<void> {
  const known = rows.filter((_, index) => appended[index]!.kind === 'known');
  if (known.length === 0) return;
  const groups = new Map(rows.flatMap((row, index) => groupOf(row, appended[index]!)));
  // Recorded by another transaction meanwhile: the appending statement could not see them yet.
  const unseen = known.map(({ key }) => key).filter((key) => !groups.has(key));
  for (const [key, group] of await groupsOfKnown(sql, t, unseen)) groups.set(key, group);
  for (const { key, group } of known) {
    const existing = groups.get(key);
    if (existing !== undefined && existing !== group) listener.groupMismatch(key, group, existing);
  }
}

/** The group under which the key is in the log, as far as the appending statement saw. */
function groupOf({ key, group }: EventRow, appended: Appended): [string, string][] {
  const recorded = appended.kind === 'known' ? appended.group : group;
  return recorded === undefined ? [] : [[key, recorded]];
}
