import type { Sql } from './sql.js';
import type { Tables } from './tables.js';

export interface Migration {
  version: number;
  name: string;
  /** `server` is what `serverQuery` answered; empty where there is none. Where definitions commit at once, `IF NOT EXISTS`. */
  statements(tables: Tables, server: string): string[];
  /** Drops what it made, be it there or not; without it, the way back is to drop everything. */
  undo?(tables: Tables): string[];
  /** The table that it made whose rows could not be made again. Default: that of the events, where it has no way back of its own. */
  irreplaceable?(tables: Tables): string;
}

/** PORT: the library's tables, made and dropped. */
export interface SchemaSql {
  /** Only ever added to: each release upgrades the tables of those before it. */
  readonly migrations: readonly Migration[];
  /** What the server says of itself, as `version`, where migrations differ by it. Default: they do not. */
  readonly serverQuery?: string;
  /** Drops what only this database has beside the tables: sequences, helper tables. */
  dropExtras(tables: Tables): string[];
  /**
   * Makes up, at bootstrap, for what a restored or promoted database may have lost of the positions given out: none may be
   * given out twice. Default: the database keeps them with the rows.
   */
  catchUp?(sql: Sql, tables: Tables): Promise<void>;
}
