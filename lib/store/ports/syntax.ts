import type { SqlPart } from './sql.js';

/** PORT: pieces of statements that the store writes for all databases. */
export interface Syntax {
  /**
   * SQL of the database's clock in epoch milliseconds, signed. It moves on within a transaction: a lease that was taken at
   * the end of a long one would have lapsed already.
   */
  readonly now: string;
  quote(name: string): string;
  /** The statement with this database's parameter marks for `?`. */
  prepare(statement: string): string;
  /** SQL behind a column: it is one of these numbers, of which there is one at least; looked for in an index by each. */
  oneOf(numbers: readonly number[]): SqlPart;
  /** SQL of whether the text of a column has the parameter `?` in it, byte by byte; not so where the column is null. */
  contains(column: string): string;
  /**
   * Inserts a row unless its key is there. No error, since on some databases that ends the transaction; no look before,
   * since another process may insert the key in between.
   */
  insertNew(table: string, columns: readonly string[]): string;
}
