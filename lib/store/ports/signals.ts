import type { Sql } from './sql.js';
import type { Tables } from './tables.js';

/**
 * What processes tell each other of: `wake_up`, that handlers may have something due, and `committed`, that events of
 * certain groups were committed. One channel each, since processes of an earlier release know the first one alone.
 */
export const CHANNELS = ['wake_up', 'committed'] as const;
export type Channel = (typeof CHANNELS)[number];
/** One message on each of these channels. */
export type Messages = ReadonlyMap<Channel, string>;

/** What is told of on a connection that listens. */
export interface SignalListener {
  /** Another connection sent this. */
  heard(channel: Channel, message: string): void;
  /** The connection ended: nothing is heard any more. */
  ended(): void;
}

/**
 * Part of the dialect PORT: how a process tells others at once that there is something to do, where the database carries
 * messages. They may get lost: who relies on one looks from time to time as well.
 */
export interface Signals {
  /** Options of the driver's pool that keep an idle connection open, so that it goes on listening. */
  readonly keepOpen: Readonly<Record<string, unknown>>;
  /** The longest message, in bytes. */
  readonly longest: number;
  /** Sends them in one statement, in no transaction of the caller's. */
  send(sql: Sql, tables: Tables, messages: Messages): Promise<void>;
  /** To be selected beside columns: the messages are sent where a row is found, once however many there are. */
  riding(tables: Tables, messages: Messages): readonly string[];
  /** Listens on the connection of `sql` until that ends, and is called once for each connection. */
  listen(sql: Sql, tables: Tables, listener: SignalListener): Promise<void>;
}
