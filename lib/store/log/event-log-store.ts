import type { QueryRunner } from 'typeorm';
import type { AppendResult, RecordedEvent } from '../../core/event.js';
import { assertEventInput } from '../../core/event-input.js';
import { NO_TELEMETRY, type Telemetry, type TraceHeaders, type WatchedEvent } from '../../core/telemetry.js';
import type { PayloadCodec } from '../../payload/payload-codec.js';
import type { AppendedEvent } from '../commits/appended-event.js';
import type { CommitHub } from '../commits/commit-hub.js';
import type { Database } from '../db/database.js';
import { recordedEvent } from './recorded-event.js';
import { hasPreclaims, preclaim, preclaimedOf, type Preclaimer } from '../deliveries/preclaims.js';
import { EventRows } from './event-rows.js';
import { type MismatchListener, warnOfMismatches } from './group-mismatches.js';
import type { Emission, EventRecorder } from './event-recorder.js';
import type { EventStream } from '../commits/event-stream.js';
import type { HandlerRegistry } from '../registry/handler-registry.js';
import type { Appended, EventRow, StoredEvent } from '../ports/rows.js';
import { EVENT_COLUMNS, recordedAt, storedEvent } from '../ports/rows.js';
import { assertVersionsFree } from './stream-versions.js';
import { chunks, marks, type Sql } from '../ports/sql.js';

export interface EventLogStoreParts {
  database: Database;
  registry: HandlerRegistry;
  codec: PayloadCodec;
  commits: CommitHub;
  mismatches: MismatchListener;
  stream?: EventStream;
  /** Default: nobody watches. */
  telemetry?: Telemetry;
}

/** The event log's table: appends with one statement, looks up by key, reads in order. */
export class EventLogStore implements EventRecorder {
  private readonly rows: EventRows;
  private readonly database: Database;
  private readonly telemetry: Telemetry;
  private preclaimer?: Preclaimer;

  constructor(private readonly parts: EventLogStoreParts) {
    const { database, registry, codec, telemetry = NO_TELEMETRY } = parts;
    this.database = database;
    this.telemetry = telemetry;
    this.rows = new EventRows(registry, codec, database.clock);
  }

  /** From now on deliveries may be created as claims of this process; until then all are created pending. */
  preclaimWith(preclaimer: Preclaimer): void {
    this.preclaimer = preclaimer;
  }

  async record(
    emissions: readonly Emission[],
    runner: QueryRunner,
    withEvents = true,
  ): Promise<AppendResult[]> {
    if (emissions.length === 0) return [];
    if (!this.telemetry.enabled) return this.recordAll(emissions, runner, withEvents);
    return this.telemetry.append(emissions.map(watched), (headers) =>
      this.recordAll(emissions, runner, withEvents, headers),
    );
  }

  private async recordAll(
    emissions: readonly Emission[],
    runner: QueryRunner,
    withEvents: boolean,
    headers?: TraceHeaders,
  ): Promise<AppendResult[]> {
    const made = emissions.map((emission) => this.rows.made(emission, headers));
    const rows = this.preclaimer ? preclaim(made, this.preclaimer) : made;
    const sql = this.database.on(runner);
    const appended = runner.isTransactionActive
      ? await this.append(sql, rows)
      : await this.appendAlone(runner, rows);
    await warnOfMismatches(sql, this.database.tables, rows, appended, this.parts.mismatches);
    this.announce(rows, appended, emissions, runner);
    return rows.map((row, index) =>
      resultOf(row, appended[index]!, withEvents ? emissions[index] : undefined),
    );
  }

  async recordYielding(emissions: readonly Emission[]): Promise<(AppendResult & { busy?: boolean })[]> {
    try {
      return await this.recordInOwn(emissions);
    } catch (error) {
      if (!this.gaveWay(error)) throw error;
    }
    const results: (AppendResult & { busy?: boolean })[] = [];
    for (const emission of emissions) results.push(await this.recordUnlessBusy(emission));
    return results;
  }

  async unknownKeys(keys: readonly string[]): Promise<Set<string>> {
    const { dialect, tables } = this.database;
    const unknown = new Set<string>();
    await this.database.run(async (sql) => {
      for (const batch of chunks(keys, 1000)) {
        for (const key of await dialect.unknownKeys(sql, tables, batch)) unknown.add(key);
      }
    });
    return unknown;
  }

  async byKey(key: string): Promise<StoredEvent | undefined> {
    const statement = `SELECT ${EVENT_COLUMNS} FROM ${this.database.tables.event} e WHERE e.event_key = ?`;
    const row = await this.database.run((sql) => sql.row(statement, [key]));
    return row && storedEvent(row);
  }

  /** Events after one position up to another, in log order. */
  async page(
    after: number,
    upTo: number,
    groups: readonly string[] | undefined,
    limit: number,
  ): Promise<StoredEvent[]> {
    const filter = groups ? `AND e.event_group IN (${marks(groups.length)})` : '';
    const rows = await this.database.run((sql) =>
      sql.rows(
        `SELECT ${EVENT_COLUMNS} FROM ${this.database.tables.event} e
         WHERE e.position > ? AND e.position <= ? ${filter} ORDER BY e.position LIMIT ?`,
        [after, upTo, ...(groups ?? []), limit],
      ),
    );
    return rows.map(storedEvent);
  }

  /** In no transaction of anybody's. */
  private appendAlone(runner: QueryRunner, rows: readonly EventRow[]): Promise<Appended[]> {
    const { database } = this;
    const append = () =>
      database.dialect.singleStatements
        ? this.append(database.on(runner), rows)
        : database.retrying(() => database.transactionOn(runner, (sql) => this.append(sql, rows)));
    return hasPreclaims(rows) ? this.preclaimer!.unlessAnswered(append) : append();
  }

  /** Throws `ConcurrencyError`, with nothing recorded, where a version of a stream is taken. */
  private async append(sql: Sql, rows: readonly EventRow[]): Promise<Appended[]> {
    const { dialect, tables } = this.database;
    const appended = await dialect.append(sql, tables, rows, this.database.time());
    await assertVersionsFree(sql, tables, rows, appended);
    return appended;
  }

  /** Whether a transaction that was to give way did so. */
  private gaveWay(error: unknown): boolean {
    return ['conflict', 'lock'].includes(this.database.failure(error));
  }

  private recordInOwn(emissions: readonly Emission[]): Promise<AppendResult[]> {
    const { dialect } = this.database;
    return this.database.transactionOnce((sql) =>
      dialect.yielding(sql, () => this.record(emissions, sql.runner, false)),
    );
  }

  private async recordUnlessBusy(emission: Emission): Promise<AppendResult & { busy?: boolean }> {
    try {
      return (await this.recordInOwn([emission]))[0]!;
    } catch (error) {
      if (!this.gaveWay(error)) throw error;
      return { key: emission.input.key, recorded: false, busy: true };
    }
  }

  /** Tells that these were recorded, and will be in the log when their transaction commits. */
  private announce(
    rows: readonly EventRow[],
    appended: readonly Appended[],
    emissions: readonly Emission[],
    runner: QueryRunner,
  ): void {
    const isWatched = this.parts.stream?.isWatched;
    const now = this.database.clock.now().getTime();
    const events = rows.flatMap((row, index): AppendedEvent[] => {
      const position = recordedAt(appended[index]!);
      if (position === undefined) return [];
      const event = isWatched ? { event: eventOf(row, position, emissions[index]!) } : {};
      const preclaimed = preclaimedOf(row, position);
      return [{ position, key: row.key, group: row.group, due: dueHandlers(row, now), preclaimed, ...event }];
    });
    this.parts.commits.appended(this.database.dialect.outermostRunner?.(runner) ?? runner, events);
  }
}

/** The handlers of the pending deliveries that were created with the row and are not put off: one id for each delivery. */
function dueHandlers({ availableAt, handlers }: EventRow, now: number): number[] {
  if ((availableAt ?? 0) > now) return [];
  return handlers.flatMap(({ id, workerId, wait }) => (workerId === undefined && !wait ? [id] : []));
}

function watched({ input, origin, stream }: Emission): WatchedEvent {
  assertEventInput(input, { origin, stream });
  return { group: input.group, key: input.key };
}

/** With the event itself when its emission is given: a re-scan has no use for the thousands that it would make. */
function resultOf(row: EventRow, appended: Appended, emission: Emission | undefined): AppendResult {
  const { key } = row;
  const position = recordedAt(appended);
  if (position === undefined) return { key, recorded: false };
  return { key, recorded: true, ...(emission ? { event: eventOf(row, position, emission) } : {}) };
}

function eventOf(row: EventRow, position: number, { instance, input }: Emission): RecordedEvent {
  return recordedEvent(stored(row, position), instance ?? input.data);
}

/** The row as it stands in the table now. */
function stored(row: EventRow, position: number): StoredEvent {
  return { ...row, position };
}
