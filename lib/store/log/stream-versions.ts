import { ConcurrencyError } from '../ports/errors.js';
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
