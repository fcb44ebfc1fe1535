import type { Appended, EventRow } from './rows.js';
import type { Sql, SqlTime } from './sql.js';
import type { Tables } from './tables.js';

/** PORT: recording events. */
export interface LogSql {
  /**
   * Records events with their deliveries and tags in one transaction; answers in the order of the rows. A key that is there
   * is left as it is. Where a version of a stream is there, nothing of the append is recorded, and each row is answered by
   * the first version that was. In neither case the transaction fails, at READ COMMITTED at least, and it waits for whoever
   * is about to record the key or version. Keys are inserted in one order, whatever the order of the rows: two batches with
   * the same keys would deadlock otherwise. Before any position is given out, the buckets of the tags are locked, shared, until
   * the transaction ends: see `DecisionSql`.
   */
  append(sql: Sql, tables: Tables, rows: readonly EventRow[], due: SqlTime): Promise<Appended[]>;
  /** Those of the keys, each given once, that are not in the log as far as this statement sees. */
  unknownKeys(sql: Sql, tables: Tables, keys: readonly string[]): Promise<string[]>;
}
