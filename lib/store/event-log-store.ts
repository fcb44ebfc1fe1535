import type { QueryRunner } from 'typeorm';
import type { AppendResult, EventMetadata, RecordedEvent } from '../core/event.js';
import { InvalidEventError } from '../core/errors.js';
import { assertEventInput } from '../core/event-input.js';
import { NO_TELEMETRY, type Telemetry, type TraceHeaders, type WatchedEvent } from '../core/telemetry.js';
import type { PayloadCodec } from '../payload/payload-codec.js';
import type { Recorded } from './commit-tracker.js';
import type { Database } from './database.js';
import { recordedEvent } from './recorded-event.js';
import { hasPreclaims, preclaim, preclaimedOf, type Preclaimer } from './preclaims.js';
import { emissionContext } from './emission-context.js';
import type { Emission, EventRecorder } from './event-recorder.js';
import type { EventStream } from './event-stream.js';
import type { HandlerRegistry } from './handler-registry.js';
import type { AppendedRow, EventRow, StoredEvent } from './rows.js';
import { EVENT_COLUMNS, storedEvent } from './rows.js';
import { chunks, marks, type Sql } from './sql.js';
import { UntilCommit } from './until-commit.js';

/** Told of events that were recorded, on the connection that recorded them. */
export interface AppendListener {
  appended(runner: QueryRunner, recorded: Recorded): void;
  /** A key came again with another group: it was not recorded. */
  groupMismatch(key: string, group: string, existingGroup: string): void;
}

/** The event log's table: appends with one statement, looks up by key, reads in order. */
export class EventLogStore implements EventRecorder {
  private readonly groups: UntilCommit<string>;
  private readonly watched: UntilCommit<RecordedEvent>;

  constructor(
    private readonly database: Database,
    private readonly registry: HandlerRegistry,
    private readonly codec: PayloadCodec,
    private readonly listener: AppendListener,
    private readonly telemetry: Telemetry = NO_TELEMETRY,
    /** Where none is given all deliveries are created pending. */
    private readonly preclaimer?: Preclaimer,
    private readonly stream?: EventStream,
  ) {
    this.groups = new UntilCommit((group) => telemetry.recorded(group));
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
    const made = emissions.map((emission) => this.row(emission, headers));
    const rows = this.preclaimer ? preclaim(made, this.preclaimer) : made;
    const appended = runner.isTransactionActive
      ? await this.append(this.database.on(runner), rows)
      : await this.appendAlone(runner, rows);
    await this.warnOfMismatches(runner, rows, appended);
    this.announce(rows, appended, emissions, runner);
    return rows.map((row, index) =>
      resultOf(row, appended[index]!, withEvents ? emissions[index] : undefined),
    );
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

  private row({ input, source, snapshots, origin }: Emission, headers: TraceHeaders | undefined): EventRow {
    assertEventInput(input, origin);
    const now = this.database.clock.now();
    const payload = this.codec.encode(input.data, { snapshots: snapshots ?? false });
    const targets = this.registry.targetsOf(input.group);
    return {
      key: input.key,
      group: input.group,
      payload: payload.text,
      payloadBytes: payload.bytes,
      encoding: payload.encoding,
      metadata: storedMetadata(input, source, headers),
      stream: null,
      streamVersion: null,
      orderKey: input.orderKey ?? null,
      occurredAt: (input.occurredAt ?? now).getTime(),
      recordedAt: now.getTime(),
      availableAt: input.availableAt?.getTime() ?? null,
      registryVersion: this.registry.currentVersion,
      handlers: targets,
    };
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
    const handlerIds = this.dueHandlers(rows, appended);
    this.listener.appended(committing, { positions, handlerIds, preclaimed: preclaimedOf(rows, appended) });
  }

  /** Until it is committed, for those who watch. */
  private keep(runner: QueryRunner, position: number, row: EventRow, emission: Emission): void {
    if (this.telemetry.enabled) this.groups.recorded(runner, position, row.group);
    if (this.stream?.isWatched) this.watched.recorded(runner, position, eventOf(row, position, emission));
  }

  /** Of the pending deliveries that were created and are not put off: one id for each. */
  private dueHandlers(rows: readonly EventRow[], appended: readonly AppendedRow[]): number[] {
    const now = this.database.clock.now().getTime();
    return rows.flatMap(({ availableAt, handlers }, index) =>
      appended[index]!.position === undefined || (availableAt ?? 0) > now
        ? []
        : handlers.filter(({ workerId }) => workerId === undefined).map(({ id }) => id),
    );
  }

  /** Of keys that were in the log already. */
  private async warnOfMismatches(
    runner: QueryRunner,
    rows: readonly EventRow[],
    appended: readonly AppendedRow[],
  ): Promise<void> {
    const known = rows.filter((_, index) => appended[index]!.position === undefined);
    const groups = new Map(rows.flatMap((row, index) => groupOf(row, appended[index]!)));
    // Recorded by another transaction meanwhile: the appending statement could not see them yet.
    const unseen = new Set(known.map(({ key }) => key).filter((key) => !groups.has(key)));
    for (const [key, group] of await this.groupsOf(this.database.on(runner), [...unseen]))
      groups.set(key, group);
    for (const { key, group } of known) {
      const existing = groups.get(key);
      if (existing !== undefined && existing !== group) this.listener.groupMismatch(key, group, existing);
    }
  }

  private async groupsOf(sql: Sql, keys: readonly string[]): Promise<[string, string][]> {
    const groups: [string, string][] = [];
    for (const batch of chunks(keys, 1000)) {
      const rows = await sql.rows<{ event_key: string; event_group: string }>(
        `SELECT event_key, event_group FROM ${this.database.tables.event} WHERE event_key IN (${marks(batch.length)})`,
        batch,
      );
      groups.push(...rows.map((row): [string, string] => [row.event_key, row.event_group]));
    }
    return groups;
  }
}

/** The group under which the key is in the log, as far as the appending statement saw. */
function groupOf({ key, group }: EventRow, { position, existingGroup }: AppendedRow): [string, string][] {
  const recorded = position === undefined ? existingGroup : group;
  return recorded === undefined ? [] : [[key, recorded]];
}

/** An event emitted by a handler carries on the correlation of the event which that one handles. */
function metadataOf(input: Emission['input'], source: string, headers?: TraceHeaders): EventMetadata {
  const cause = emissionContext.getStore();
  return {
    correlationId: cause?.correlationId ?? input.key,
    ...(cause ? { causationId: cause.key } : {}),
    source,
    ...headers,
    ...input.metadata,
  };
}

function storedMetadata(input: Emission['input'], source: string, headers?: TraceHeaders): string {
  try {
    return JSON.stringify(metadataOf(input, source, headers));
  } catch (error) {
    throw new InvalidEventError('metadata', 'what JSON can hold', (error as Error).message);
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
