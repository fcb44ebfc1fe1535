import type { QueryRunner } from 'typeorm';
import type { Sql } from './sql.js';
import type { Tables } from './tables.js';

/** What is told of on a connection that listens. */
export interface SignalListener {
  /** Another connection sent this. */
  heard(message: string): void;
  /** The connection ended: nothing is heard any more. */
  ended(): void;
}

/** A message that goes behind a COMMIT, in the same round trip. */
export interface Notice {
  message: string;
  /** Told when it could not be sent: the commit stands. */
  failed(error: unknown): void;
}

export type SendWithCommit = (
  runner: QueryRunner,
  tables: Tables,
  message: string,
  failed: (error: unknown) => void,
) => boolean;

/**
 * Part of the dialect PORT: how a process tells others at once that there is something to do, where the database carries
 * messages. They may get lost: who relies on one looks from time to time as well.
 */
export interface Signals {
  /** Options of the driver's pool that keep an idle connection open, so that it goes on listening. */
  readonly keepOpen: Readonly<Record<string, unknown>>;
  /** The longest message, in bytes. */
  readonly longest: number;
  /** One statement, in no transaction of the caller's. */
  send(sql: Sql, tables: Tables, message: string): Promise<void>;
  /**
   * The same behind the COMMIT that the runner sends next, in the same round trip; when that fails, `failed` is told and
   * the commit stands. False when it cannot be done so.
   */
  sendWithCommit?: SendWithCommit;
  /** Listens on the connection of `sql` until that ends, and is called once for each connection. */
  listen(sql: Sql, tables: Tables, listener: SignalListener): Promise<void>;
}
