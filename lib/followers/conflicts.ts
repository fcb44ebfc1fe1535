import { causesOf } from '../core/causes.js';
import type { Database } from '../store/db/database.js';

/** Whether the database chose the transaction as the victim, whatever has been thrown on top of that. */
export function isConflict(database: Pick<Database, 'isConflict'>, error: unknown): boolean {
  return causesOf(error).some((cause) => database.isConflict(cause));
}
