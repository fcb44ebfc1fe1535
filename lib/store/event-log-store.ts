import type { QueryRunner } from 'typeorm';
import type { AppendResult, RecordedEvent } from '../core/event.js';
import { assertEventInput } from '../core/event-input.js';
import { NO_TELEMETRY, type Telemetry, type TraceHeaders, type WatchedEvent } from '../core/telemetry.js';
import type { PayloadCodec } from '../payload/payload-codec.js';
import type { Recorded } from './commit-tracker.js';
import type { Database } from './database.js';
import { recordedEvent } from './recorded-event.js';
import { hasPreclaims, preclaim, preclaimedOf, type Preclaimer } from './preclaims.js';
import { EventRows } from './event-rows.js';
import { type MismatchListener, warnOfMismatches } from './group-mismatches.js';
import { canHold, hold } from './held-append.js';
import type { Emission, EventRecorder } from './event-recorder.js';
import type { EventStream } from './event-stream.js';
import type { HandlerRegistry } from './handler-registry.js';
import type { AppendedRow, EventRow, StoredEvent } from './rows.js';
import { EVENT_COLUMNS, storedEvent } from './rows.js';
import type { Notice, SendWithCommit } from './signals.js';
import { chunks, marks, type Sql } from './sql.js';
import { UntilCommit } from './until-commit.js';

/** Told of events that were recorded, on the connection that recorded them. */
export interface AppendListener extends MismatchListener {
  appended(runner: QueryRunner, recorded: Recorded): void;
  /**
   * This runner is about to commit an event whose due deliveries are of these handlers: gives `send` what others are to
   * be told behind that COMMIT.
   */
  committing?(runner: QueryRunner, handlerIds: readonly number[], send: SendWithCommit): void;
}

/** The event log's table: appends with one statement, looks up by key, reads in order. */
export class EventLogStore implements EventRecorder {
  private readonly groups: UntilCommit<string>;
  private readonly watched: UntilCommit<RecordedEvent>;
  private readonly rows: EventRows;

  constructor(
    private readonly database: Database,
    registry: HandlerRegistry,
    codec: PayloadCodec,
    private readonly listener: AppendListener,
    private readonly telemetry: Telemetry = NO_TELEMETRY,
    /** Where none is given all deliveries are created pending. */
    private readonly preclaimer?: Preclaimer,
    private readonly stream?: EventStream,
  ) {
    this.groups = new UntilCommit((group) => telemetry.recorded(group));
    this.rows = new EventRows(registry, codec, database.clock);
    this.watched = new UntilCommit((event) => stream?.tell({ type: 'recorded', event }));
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

  /** Events at these positions were committed on this runner. */
  committed(runner: QueryRunner, positions: readonly number[]): void {
    if (this.telemetry.enabled) this.groups.committed(runner, positions);
    if (this.stream?.isWatched) this.watched.committed(runner, positions);
  }

  private async recordAll(
    emissions: readonly Emission[],
    runner: QueryRunner,
    withEvents: boolean,
    headers?: TraceHeaders,
  ): Promise<AppendResult[]> {
    const made = emissions.map((emission) => this.rows.made(emission, headers));
    const { rows, appended } = await this.recordMade(made, emissions, this.database.on(runner), runner);
    return rows.map((row, index) =>
      resultOf(row, appended[index]!, withEvents ? emissions[index] : undefined),
    );
  }

  async recordByCommit(emissions: readonly Emission[], runner: QueryRunner): Promise<void> {
    const [emission] = emissions;
    const { appendWithCommit } = this.database.dialect;
    if (
      !emission ||
      emissions.length > 1 ||
      !appendWithCommit ||
      this.telemetry.enabled ||
      !canHold(runner)
    ) {
      await this.record(emissions, runner, false);
      return;
    }
    const made = this.rows.made(emission);
    hold(runner, {
      now: async (past) => {
        await this.recordMade([made], [emission], this.database.on(past), runner);
      },
      withCommit: () => this.recordWithCommit(made, emission, runner),
    });
  }

  private async recordMade(
    made: readonly EventRow[],
    emissions: readonly Emission[],
    sql: Sql,
    runner: QueryRunner,
  ): Promise<{ rows: readonly EventRow[]; appended: readonly AppendedRow[] }> {
    const rows = this.preclaimed(made);
    const appended = runner.isTransactionActive
      ? await this.append(sql, rows)
      : await this.appendAlone(runner, rows);
    await warnOfMismatches(sql, this.database.tables, rows, appended, this.listener);
    this.announce(rows, appended, emissions, runner);
    return { rows, appended };
  }

  /** What has been committed stays so, whatever comes of looking for the group of a key that was there. */
  private async recordWithCommit(made: EventRow, emission: Emission, runner: QueryRunner): Promise<void> {
    const { tables, dialect } = this.database;
    const sql = this.database.on(runner);
    const rows = this.preclaimed([made]);
    const append = async () => {
      const appended = await dialect.appendWithCommit!(sql, tables, rows[0]!, this.database.time(), () =>
        this.noticeOf(rows[0]!, runner),
      );
      this.announce(rows, [appended], [emission], runner);
      return [appended];
    };
    const appended = await (hasPreclaims(rows) ? this.preclaimer!.unlessAnswered(append) : append());
    await warnOfMismatches(sql, tables, rows, appended, this.listener).catch(() => undefined);
  }

  private noticeOf(row: EventRow, runner: QueryRunner): Notice | undefined {
    let notice: Notice | undefined;
    this.listener.committing?.(runner, this.dueHandlers([row]), (_runner, _tables, message, failed) => {
      notice = { message, failed };
      return true;
    });
    return notice;
  }

  private preclaimed(rows: readonly EventRow[]): readonly EventRow[] {
    return this.preclaimer ? preclaim(rows, this.preclaimer) : rows;
  }

  async recordYielding(emissions: readonly Emission[]): Promise<(AppendResult & { busy?: boolean })[]> {
    try {
      return await this.recordInOwn(emissions);
    } catch (error) {
      if (this.database.dialect.failure(error) === 'other') throw error;
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
  private appendAlone(runner: QueryRunner, rows: readonly EventRow[]): Promise<AppendedRow[]> {
    const { database } = this;
    const append = () =>
      database.dialect.singleStatements
        ? this.append(database.on(runner), rows)
        : database.retrying(() => database.transactionOn(runner, (sql) => this.append(sql, rows)));
    return hasPreclaims(rows) ? this.preclaimer!.unlessAnswered(append) : append();
  }

  private append(sql: Sql, rows: readonly EventRow[]): Promise<AppendedRow[]> {
    return this.database.dialect.append(sql, this.database.tables, rows, this.database.time());
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
      if (this.database.dialect.failure(error) === 'other') throw error;
      return { key: emission.input.key, recorded: false, busy: true };
    }
  }

  /** Tells whoever has to know that these were recorded, and will be there when this runner commits. */
  private announce(
    rows: readonly EventRow[],
    appended: readonly AppendedRow[],
    emissions: readonly Emission[],
    runner: QueryRunner,
  ): void {
    const positions = appended.flatMap(({ position }) => (position === undefined ? [] : [position]));
    const committing = this.database.dialect.outermostRunner?.(runner) ?? runner;
    for (const [index, { position }] of appended.entries())
      if (position !== undefined) this.keep(committing, position, rows[index]!, emissions[index]!);
    if (positions.length === 0) return;
    const recorded = rows.filter((_, index) => appended[index]!.position !== undefined);
    const handlerIds = this.dueHandlers(recorded);
    this.listener.appended(committing, { positions, handlerIds, preclaimed: preclaimedOf(rows, appended) });
  }

  /** Until it is committed, for those who watch. */
  private keep(runner: QueryRunner, position: number, row: EventRow, emission: Emission): void {
    if (this.telemetry.enabled) this.groups.recorded(runner, position, row.group);
    if (this.stream?.isWatched) this.watched.recorded(runner, position, eventOf(row, position, emission));
  }

  /** Of the pending deliveries that were created and are not put off: one id for each. */
  private dueHandlers(rows: readonly EventRow[]): number[] {
    const now = this.database.clock.now().getTime();
    return rows.flatMap(({ availableAt, handlers }) =>
      (availableAt ?? 0) > now
        ? []
        : handlers.flatMap(({ id, workerId, wait }) => (workerId === undefined && !wait ? [id] : [])),
    );
  }
}

function watched({ input, origin }: Emission): WatchedEvent {
  assertEventInput(input, origin);
  return { group: input.group, key: input.key };
}

/** With the event itself when its emission is given: a re-scan has no use for the thousands that it would make. */
function resultOf(row: EventRow, { position }: AppendedRow, emission: Emission | undefined): AppendResult {
  const { key } = row;
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
