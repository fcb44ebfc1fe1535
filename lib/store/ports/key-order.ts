import type { Sql, SqlTime } from './sql.js';
import type { Tables } from './tables.js';

/** A look at some of the order keys in which a handler has open deliveries. */
export interface KeyScan {
  handlerId: number;
  /** Only keys behind this one, byte by byte; `''` for all. */
  after: string;
  /** Keys at most, 1 or more. */
  limit: number;
  due: SqlTime;
}

/** The first open delivery of one order key: the one that runs, else the earliest in the log. */
export interface KeyHead {
  orderKey: string;
  position: number;
  running: boolean;
  /** Milliseconds until it is due, 0 or less when it is. */
  dueIn: number;
  rescues: number;
}

export interface KeyPage {
  heads: KeyHead[];
  /** No key is behind the last of these. */
  end: boolean;
}

/**
 * PORT: order keys as deliveries wait in them. Neither member may read what waits behind the first of a key: that can be a
 * hundred thousand rows, at every claim.
 */
export interface KeyOrder {
  /** Of the next keys, in their order. Without locks: the claim asks again, under the lock on the handler's row. */
  heads(sql: Sql, tables: Tables, scan: KeyScan): Promise<KeyPage>;
  /** SQL: the delivery `alias` has an order key, none of that key runs, and none is pending before it in the log. */
  isHead(tables: Tables, alias: string): string;
}
