import { EventSourcingError } from '../../core/errors.js';
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

/** Runs statements on another connection than the one that listens. */
export type Elsewhere = (work: (sql: Sql) => Promise<void>) => Promise<void>;

/** Messages do not come through to this connection, now or later: something between it and the server keeps them. */
export class PooledConnectionError extends EventSourcingError {
  readonly code = 'POOLED_CONNECTION';

  constructor() {
    super(
      'A pooler between this process and PostgreSQL gives each transaction another session, so that LISTEN hears nothing and ' +
        'heartbeats wait behind handlers. Expected a session of its own for both: give worker.directUrl, an address past the ' +
        'pooler. Without one, give worker.listen: false.',
    );
  }
}

/**
 * PORT: how a process tells others at once that there is something to do, where the database carries
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
  /**
   * Listens on the connection of `sql` until that ends, and is called once for each connection. Rejects with
   * `PooledConnectionError` where a message from `elsewhere` did not come.
   */
  listen(sql: Sql, tables: Tables, listener: SignalListener, elsewhere: Elsewhere): Promise<void>;
}
