import type { Database } from '../db/database.js';

/** Events of a follower that are looked at, at most. */
const SAMPLE = 1000;

/** How far somebody is behind the end of the log. */
export interface Behind {
  /** Positions. */
  readonly lag: number;
  readonly lagSeconds: number;
}

/** What is shown of followers. */
export class FollowerViews {
  constructor(private readonly database: Database) {}

  /** The last position of the log; 0 where it is empty. */
  async last(): Promise<number> {
    const statement = `SELECT max(position) AS last FROM ${this.database.tables.event}`;
    return Number((await this.database.run((sql) => sql.row(statement)))?.last ?? 0);
  }

  async behind(position: number): Promise<Behind> {
    const lag = Math.max(0, (await this.last()) - position);
    if (lag === 0) return { lag, lagSeconds: 0 };
    const row = await this.database.run((sql) =>
      sql.row(
        `SELECT recorded_at FROM ${this.database.tables.event} WHERE position > ? ORDER BY position LIMIT 1`,
        [position],
      ),
    );
    const since = row ? this.database.clock.now().getTime() - Number(row.recorded_at) : 0;
    return { lag, lagSeconds: Math.max(0, since / 1000) };
  }

  /**
   * The groups of what followers of these names have collected, of the last events that have keys which the library made for
   * each: what has a key of its own, or is of an aggregate, does not show whose it is.
   */
  async collected(names: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    const found = new Map<string, string[]>();
    for (const name of names) {
      // Keys are compared byte by byte: a semicolon follows on a colon.
      const rows = await this.database.run((sql) =>
        sql.rows(
          `SELECT event_key, event_group FROM ${this.database.tables.event}
           WHERE event_key >= ? AND event_key < ? ORDER BY event_key DESC LIMIT ${SAMPLE}`,
          [`follower:${name}:`, `follower:${name};`],
        ),
      );
      const own = rows.filter(({ event_key: key }) => isOf(name, key as string));
      found.set(name, [...new Set(own.map((row) => row.event_group as string))].sort());
    }
    return found;
  }

  /** How many events of each group there are up to a position, and behind another: of one upstream, or of all. */
  async counts(upTo: number, upstream?: string, after = 0): Promise<ReadonlyMap<string, number>> {
    const [those, parameters] = ofUpstream(upstream);
    const rows = await this.database.run((sql) =>
      sql.rows(
        `SELECT event_group, count(*) AS events FROM ${this.database.tables.event}
         WHERE position > ? AND position <= ? ${those} GROUP BY event_group`,
        [after, upTo, ...parameters],
      ),
    );
    return new Map(rows.map((row) => [row.event_group as string, Number(row.events)]));
  }
}

/** A follower's name may have a colon in it, too. The key of what came of another log names that before the position. */
function isOf(name: string, key: string): boolean {
  return /^(?:@[^:]+:)?\d+:\d+$/.test(key.slice(`follower:${name}:`.length));
}

/** Streams are compared byte by byte: a semicolon follows on the colon behind the application's name. */
function ofUpstream(upstream: string | undefined): [string, readonly string[]] {
  if (upstream === undefined) return ['', []];
  if (upstream === '') return ['AND stream IS NULL', []];
  return ['AND stream >= ? AND stream < ?', [`${upstream}:`, `${upstream};`]];
}
