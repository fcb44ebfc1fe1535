import type { QueryRunner } from 'typeorm';
import type { Database } from '../db/database.js';
import {
  EVENT_COLUMNS,
  type ReplayableEvent,
  replayableEvent,
  type StoredEvent,
  storedEvent,
} from '../ports/rows.js';
import type { Row, Sql } from '../ports/sql.js';

/** Of the metadata nothing, unless it says what a replay has to know. */
const REPLAYED = `e.event_key, e.event_group, e.payload, e.payload_bytes, e.encoding, e.occurred_at,
  CASE WHEN e.metadata LIKE '%"eventVersion"%' OR e.metadata LIKE '%"closes"%' THEN e.metadata END AS metadata`;

export interface StreamRange {
  /** Versions behind this one. Default 0: from the start. */
  after?: number;
  /** Versions up to this one. Default: all. */
  upTo?: number;
  limit: number;
  /** The last first. Default false. */
  backwards?: boolean;
}

/** Reads streams by their versions, from the index that keeps these unique. */
export class StreamReader {
  constructor(private readonly database: Database) {}

  /** With `runner`, as its transaction sees them. */
  async page(stream: string, range: StreamRange, runner?: QueryRunner): Promise<StoredEvent[]> {
    return (await this.rows(EVENT_COLUMNS, stream, range, runner)).map(storedEvent);
  }

  /** What of them an aggregate is made of: a fraction of what the table holds, since thousands are read for one aggregate. */
  async replayable(stream: string, range: StreamRange, runner?: QueryRunner): Promise<ReplayableEvent[]> {
    return (await this.rows(REPLAYED, stream, range, runner)).map(replayableEvent);
  }

  /** The last event; undefined where there is none. */
  async last(stream: string, runner?: QueryRunner): Promise<StoredEvent | undefined> {
    return (await this.page(stream, { limit: 1, backwards: true }, runner))[0];
  }

  /** Streams of this application behind one of them, in the order of their names, each with the group of its first event. */
  async firsts(
    application: string,
    after: string,
    limit: number,
  ): Promise<{ stream: string; group: string }[]> {
    // Names are compared byte by byte: a semicolon follows on a colon.
    const statement = `SELECT e.stream, e.event_group FROM ${this.database.tables.event} e
      WHERE e.stream > ? AND e.stream < ? AND e.stream_version = 1 ORDER BY e.stream LIMIT ?`;
    const parameters = [after || `${application}:`, `${application};`, limit];
    const rows = await this.database.run((sql) => sql.rows(statement, parameters));
    return rows.map((row) => ({ stream: row.stream as string, group: row.event_group as string }));
  }

  private rows(columns: string, stream: string, range: StreamRange, runner?: QueryRunner): Promise<Row[]> {
    const { after = 0, upTo, limit, backwards } = range;
    const bound = upTo === undefined ? '' : 'AND e.stream_version <= ?';
    return this.on(runner, (sql) =>
      sql.rows(
        `SELECT ${columns} FROM ${this.database.tables.event} e
         WHERE e.stream = ? AND e.stream_version > ? ${bound}
         ORDER BY e.stream_version ${backwards ? 'DESC' : 'ASC'} LIMIT ?`,
        [stream, after, ...(upTo === undefined ? [] : [upTo]), limit],
      ),
    );
  }

  private on<T>(runner: QueryRunner | undefined, work: (sql: Sql) => Promise<T>): Promise<T> {
    return runner ? work(this.database.on(runner)) : this.database.run(work);
  }
}
