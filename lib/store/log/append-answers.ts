import { ConcurrencyError } from '../ports/errors.js';
import { groupsOfKnown } from '../ports/groups-of-known.js';
import type { Appended, EventRow } from '../ports/rows.js';
import type { Sql } from '../ports/sql.js';
import type { Tables } from '../ports/tables.js';

/** Throws `ConcurrencyError` where the append failed by a version that is taken. */
export async function assertVersionsFree(
  sql: Sql,
  t: Tables,
  rows: readonly EventRow[],
  appended: readonly Appended[],
): Promise<void> {
  const taken = appended.find((answer) => answer.kind === 'versionTaken');
  if (!taken) return;
  const { stream, version } = taken;
  const versions = rows.flatMap((row) => (row.stream === stream ? [row.streamVersion!] : []));
  const stored = await sql.row(`SELECT max(stream_version) AS version FROM ${t.event} WHERE stream = ?`, [
    stream,
  ]);
  // Above READ COMMITTED the transaction may not see who took the version.
  const actual = Math.max(Number(stored?.version ?? 0), version);
  throw new ConcurrencyError(stream, Math.min(...versions) - 1, actual);
}

/** Told of a key that came again with another group: it was not recorded. */
export type Mismatch = (key: string, group: string, existingGroup: string) => void;

/** Of keys that were in the log already. */
export async function warnOfMismatches(
  sql: Sql,
  t: Tables,
  rows: readonly EventRow[],
  appended: readonly Appended[],
  mismatch: Mismatch,
): Promise<void> {
  const known = rows.filter((_, index) => appended[index]!.kind === 'known');
  if (known.length === 0) return;
  const groups = new Map(rows.flatMap((row, index) => groupOf(row, appended[index]!)));
  // Recorded by another transaction meanwhile: the appending statement could not see them yet.
  const unseen = known.map(({ key }) => key).filter((key) => !groups.has(key));
  for (const [key, group] of await groupsOfKnown(sql, t, unseen)) groups.set(key, group);
  for (const { key, group } of known) {
    const existing = groups.get(key);
    if (existing !== undefined && existing !== group) mismatch(key, group, existing);
  }
}

/** The group under which the key is in the log, as far as the appending statement saw. */
function groupOf({ key, group }: EventRow, appended: Appended): [string, string][] {
  const recorded = appended.kind === 'known' ? appended.group : group;
  return recorded === undefined ? [] : [[key, recorded]];
}
