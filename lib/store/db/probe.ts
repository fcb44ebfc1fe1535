import { within } from '../../runtime/deadline.js';
import type { ControlConnection } from './control-connection.js';
import type { Database } from './database.js';

/** Milliseconds. */
const LIMIT = 5000;

/**
 * Rejects when the database does not answer in time, or takes no writes: a worker needs both. One that lives in this process
 * always does.
 */
export async function probe(database: Database, control: ControlConnection, limit = LIMIT): Promise<void> {
  if (!database.dialect.can.pool) return;
  try {
    await within(
      limit,
      control.run((sql) => sql.change(`DELETE FROM ${database.tables.worker} WHERE id = 0`)),
    );
  } catch (error) {
    // The next look is on a new connection.
    void control.close();
    throw error;
  }
}
