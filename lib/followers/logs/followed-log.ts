import type { QueryRunner } from 'typeorm';
import type { RecordedEvent } from '../../core/event.js';
import type { Behind } from '../../store/followers/follower-views.js';
import type { StoredEvent } from '../../store/ports/rows.js';
import type { Sql } from '../../store/ports/sql.js';

/** Which events of a log are wanted. */
export interface PageWish {
  /** Behind this position. */
  readonly from: number;
  /** Up to this position, which is included and not behind what is decided. */
  readonly to: number;
  /** At most this many. */
  readonly size: number;
  /** Of these groups alone; undefined: of all. */
  readonly groups: readonly string[] | undefined;
  /** Of the aggregates of this application alone. */
  readonly application?: string;
  /** As this transaction sees it, where the log is in its database. */
  readonly sql?: Sql;
}

/** Events of a log, in its order. */
export interface LogPage {
  readonly events: readonly StoredEvent[];
  /** Up to there nothing that was wanted is missing; behind `from`. */
  readonly reached: number;
}

/**
 * PORT. The log that a follower follows. Of positions at or below what `decided` has answered, `page` gives the same events whenever it is
 * asked. Where the log cannot be read now, its methods reject, and nothing counts as an attempt.
 */
export interface FollowedLog {
  page(wish: PageWish): Promise<LogPage>;
  /** Up to where the log is decided now. */
  decided(): Promise<number>;
  /** How far somebody at that position is behind. */
  behind(position: number): Promise<Behind>;
  /** How many events behind one position and up to another `takes` says yes to: of one upstream, or of all. */
  count(after: number, upTo: number, takes: (group: string) => boolean, upstream?: string): Promise<number>;
  /** An event of `page` as methods get it. */
  read(event: StoredEvent, runner: QueryRunner): Promise<RecordedEvent>;
}
