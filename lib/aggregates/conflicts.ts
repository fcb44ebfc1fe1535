import type { StreamVersion } from '../core/event.js';
import type { Database } from '../store/db/database.js';
import { ConcurrencyError } from '../store/ports/errors.js';

/** What a driver says of a conflict in its own words, as the same error as that of a version which is taken. */
export function asConcurrencyError(
  database: Database,
  error: unknown,
  { name, version }: StreamVersion,
  actual?: number,
): unknown {
  if (!database.isConflict(error)) return error;
  return new ConcurrencyError(name, version - 1, actual, { cause: error });
}
