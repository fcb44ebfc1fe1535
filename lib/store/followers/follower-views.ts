import type { Database } from '../db/database.js';

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

/** Streams are compared byte by byte: a semicolon follows on the colon behind the application's name. */
function ofUpstream(upstream: string | undefined): [string, readonly string[]] {
  if (upstream === undefined) return ['', []];
  if (upstream === '') return ['AND stream IS NULL', []];
  return ['AND stream >= ? AND stream < ?', [`${upstream}:`, `${upstream};`]];
}
