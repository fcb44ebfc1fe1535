import type { Sql } from './sql.js';
import type { Tables } from './tables.js';

export interface HorizonNote {
  position: number;
  /** What was open, in the dialect's own terms; kept in memory only: it means nothing after a restart. */
  open?: unknown;
}

/**
 * PORT: an event's place below which no position can appear any more, read in two steps. A position is given out before
 * its transaction ends: a reader that went by the highest it sees would skip an event that is committed later below it.
 */
export interface HorizonProbe {
  /** Notes the highest position given out so far and what is still open. */
  note(sql: Sql, tables: Tables): Promise<HorizonNote>;
  /** True once all that was open at the note has ended: every position up to it is decided. */
  settled(sql: Sql, tables: Tables, note: HorizonNote): Promise<boolean>;
}
