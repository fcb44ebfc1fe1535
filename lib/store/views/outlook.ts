import type { Database } from '../db/database.js';
import { SUSPECT_RESCUES } from '../ports/rows.js';
import { marks, optionalNumber, type Row } from '../ports/sql.js';

/** What there is to do for a process, as far as one cheap statement can tell. */
export interface Prospect {
  /** By the clock that due times are compared against, in epoch milliseconds. */
  now: number;
  /** Of the handler registry, as it is in the database. */
  registryVersion: number;
  /** Events are in the log that the reconciler has not passed. */
  unreconciled: boolean;
  /** Something is due that may have killed its process. */
  suspects: boolean;
  /** Somebody asked for a re-scan. */
  rescanRequested: boolean;
  /** Milliseconds until the first delivery is due, 0 or less when one is; undefined when none is pending. */
  dueIn?: number;
}

/**
 * Looks for something to do: all that an idle process asks for in one statement, which locks nothing and reads one
 * row, or one index entry, for each of its answers.
 */
export class Outlook {
  constructor(private readonly database: Database) {}

  /**
   * All there is to do, for a process with these handlers. `+ 0` keeps SQLite from searching all that these handlers
   * have for suspects, instead of the index that has only those.
   */
  async look(handlerIds: readonly number[]): Promise<Prospect> {
    const { tables } = this.database;
    const now = this.database.time();
    const ids = someIds(handlerIds);
    const row = await this.row(
      `SELECT ${now.sql} AS now_ms,
        (SELECT value FROM ${tables.state} WHERE name = 'registry_version') AS registry_version,
        (SELECT max(position) FROM ${tables.event}) > (SELECT value FROM ${tables.state} WHERE name = 'fan_out') AS unreconciled,
        EXISTS (SELECT 1 FROM ${tables.rescanRequest}) AS rescan_requested,
        EXISTS (SELECT 1 FROM ${tables.delivery} WHERE state = 0 AND handler_id + 0 IN (${marks(ids.length)})
          AND rescues >= ${SUSPECT_RESCUES} AND due_at <= ${now.sql}) AS suspects,
        ${this.dueIn(ids.length)} AS due_in`,
      [...now.parameters, ...ids, ...now.parameters, ...ids, ...now.parameters],
    );
    const dueIn = optionalNumber(row.due_in);
    return {
      now: Number(row.now_ms),
      registryVersion: Number(row.registry_version),
      unreconciled: isTrue(row.unreconciled),
      suspects: isTrue(row.suspects),
      rescanRequested: isTrue(row.rescan_requested),
      ...(dueIn === undefined ? {} : { dueIn }),
    };
  }

  /** Milliseconds until the first delivery of these handlers is due; undefined when none is pending. */
  async nextDue(handlerIds: readonly number[]): Promise<number | undefined> {
    const ids = someIds(handlerIds);
    const statement = `SELECT ${this.dueIn(ids.length)} AS due_in`;
    return optionalNumber((await this.row(statement, [...ids, ...this.database.time().parameters])).due_in);
  }

  /**
   * The first entry of each handler in the index that claims use; that one is without what has an order key.
   * `min(due_at)` over all would read every pending delivery.
   */
  private dueIn(handlers: number): string {
    const { tables } = this.database;
    return `(SELECT min((SELECT d.due_at FROM ${tables.delivery} d WHERE d.handler_id = h.id AND d.state = 0 AND d.order_key IS NULL
      ORDER BY d.due_at LIMIT 1)) FROM ${tables.handler} h WHERE h.id IN (${marks(handlers)})) - ${this.database.time().sql}`;
  }

  private async row(statement: string, parameters: readonly unknown[]): Promise<Row> {
    return (await this.database.run((sql) => sql.row(statement, parameters)))!;
  }
}

/** No database takes an empty list; ids start at 1. */
function someIds(ids: readonly number[]): readonly number[] {
  return ids.length > 0 ? ids : [0];
}

/** The drivers give booleans, numbers or null. */
function isTrue(value: unknown): boolean {
  return Number(value) === 1;
}
