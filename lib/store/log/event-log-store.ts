import type { EntityManager, QueryRunner } from 'typeorm';
import type { AppendResult, RecordedEvent } from '../../core/event.js';
import { assertEventInput } from '../../core/event-input.js';
import { NO_TELEMETRY, type Telemetry, type TraceHeaders, type WatchedEvent } from '../../core/telemetry.js';
import type { PayloadCodec } from '../../payload/payload-codec.js';
import type { AppendedEvent } from '../commits/appended-event.js';
import type { CommitHub } from '../commits/commit-hub.js';
import type { Database } from '../db/database.js';
import { recordedEvent } from './recorded-event.js';
import { hasPreclaims, preclaim, preclaimedOf, type Preclaimer } from '../deliveries/preclaims.js';
import { eventRow } from './event-rows.js';
import { assertVersionsFree, type Mismatch, warnOfMismatches } from './append-answers.js';
import { type AppendTerms, ConditionalAppends } from './conditional-append.js';
import type { Emission, EventRecorder } from './event-recorder.js';
import type { PersonalEmissions } from './personal-emissions.js';
import type { EventStream } from '../commits/event-stream.js';
import type { HandlerRegistry } from '../registry/handler-registry.js';
import { TablesMissingError, TransactionRequiredError } from '../ports/errors.js';
import type { Appended, EventRow, StoredEvent } from '../ports/rows.js';
import { EVENT_COLUMNS, recordedAt, storedEvent } from '../ports/rows.js';
import { chunks, marks, type Sql } from '../ports/sql.js';

export interface EventLogStoreParts {
  database: Database;
  registry: HandlerRegistry;
  codec: PayloadCodec;
  commits: CommitHub;
  mismatch: Mismatch;
  stream?: EventStream;
  /** Default: nobody watches. */
  telemetry?: Telemetry;
  /** Default: nothing is personal. */
  personal?: Pick<PersonalEmissions, 'has' | 'sealed'>;
}

/** The event log's table: appends with one statement, looks up by key, reads in order. */
export class EventLogStore implements EventRecorder {
  private readonly database: Database;
  private readonly telemetry: Telemetry;
  private preclaimer?: Preclaimer;
  readonly conditional: ConditionalAppends;

  constructor(private readonly parts: EventLogStoreParts) {
    this.database = parts.database;
    this.telemetry = parts.telemetry ?? NO_TELEMETRY;
    this.conditional = new ConditionalAppends(parts.database, (sql, rows) => this.append(sql, rows));
  }

  /** The same log, whose own transactions are made with this form of its database. */
  by(database: Database): EventLogStore {
    return Object.create(this, { database: { value: database } }) as EventLogStore;
  }

  /** From now on deliveries may be created as claims of this process; until then all are created pending. */
  preclaimWith(preclaimer: Preclaimer): void {
    this.preclaimer = preclaimer;
  }

  async record(
    emissions: readonly Emission[],
    runner: QueryRunner,
    withEvents = true,
    terms?: AppendTerms,
  ): Promise<AppendResult[]> {
    if (emissions.length === 0) return [];
    const how = { withEvents, terms };
    if (!this.telemetry.enabled) return this.write(emissions, runner, how);
    return this.telemetry.append(emissions.map(watched), (headers) =>
      this.write(emissions, runner, how, headers),
    );
  }

  private async write(
    given: readonly Emission[],
    runner: QueryRunner,
    { withEvents, terms }: { withEvents: boolean; terms: AppendTerms | undefined },
    headers?: TraceHeaders,
  ): Promise<AppendResult[]> {
    const { personal } = this.parts;
    const emissions = personal?.has(given) ? await this.sealed(personal, given, runner) : given;
    const made = emissions.map((emission) => eventRow(emission, this.parts, headers));
    // What may be refused claims nothing.
    const rows = this.preclaimer && !terms ? preclaim(made, this.preclaimer) : made;
    const sql = this.database.on(runner);
    const appended = await this.appendOn(runner, rows, terms).catch((error: unknown) => this.failed(error));
    await warnOfMismatches(sql, this.database.tables, rows, appended, this.parts.mismatch);
    this.announce(rows, appended, emissions, runner);
    return rows.map((row, index) =>
      resultOf(row, appended[index]!, withEvents ? emissions[index] : undefined),
    );
  }

  /**
   * Records as `record` does in the transaction of `manager`; without one, in the one that the DataSource's manager is in, as
   * packages make it that keep a transaction in the async context (on SQLite in the caller's), or else in one of their own. Throws `TransactionRequiredError` for a manager that is in none.
   */
  recordWith(
    manager: EntityManager | undefined,
    emissions: readonly Emission[],
    terms?: AppendTerms,
  ): Promise<AppendResult[]> {
    return this.on(manager, (runner) => this.record(emissions, runner, true, terms));
  }

  /** Does `work` on the runner on which `recordWith` records. */
  async on<T>(manager: EntityManager | undefined, work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    if (manager) {
      const runner = manager.queryRunner;
      if (!runner?.isTransactionActive) throw new TransactionRequiredError();
      return work(runner);
    }
    const joined = this.database.dataSource.manager.queryRunner;
    if (joined?.isTransactionActive) return work(joined);
    const runner = await this.database.connection();
    try {
      return await work(runner);
    } finally {
      await runner.release();
    }
  }

  private sealed(
    personal: Pick<PersonalEmissions, 'sealed'>,
    given: readonly Emission[],
    runner: QueryRunner,
  ): Promise<Emission[]> {
    return personal.sealed(given, runner).catch((error: unknown) => this.failed(error));
  }

  private failed(error: unknown): never {
    const isMissing = this.database.failure(error) === 'missingTable';
    throw isMissing ? new TablesMissingError(error) : error;
  }

  async recordYielding(emissions: readonly Emission[]): Promise<(AppendResult & { busy?: boolean })[]> {
    try {
      return await this.writeInOwn(emissions);
    } catch (error) {
      if (!this.gaveWay(error)) throw error;
    }
    const results: (AppendResult & { busy?: boolean })[] = [];
    for (const emission of emissions) results.push(await this.writeUnlessBusy(emission));
    return results;
  }

  async unknownKeys(keys: readonly string[]): Promise<Set<string>> {
    const { dialect, tables } = this.database;
    const unknown = new Set<string>();
    await this.database.run(async (sql) => {
      for (const batch of chunks(keys, 1000)) {
        for (const key of await dialect.log.unknownKeys(sql, tables, batch)) unknown.add(key);
      }
    });
    return unknown;
  }

  /** With a runner: as its transaction sees it. */
  async byKey(key: string, runner?: QueryRunner): Promise<StoredEvent | undefined> {
    const statement = `SELECT ${EVENT_COLUMNS} FROM ${this.database.tables.event} e WHERE e.event_key = ?`;
    const row = await (runner
      ? this.database.on(runner).row(statement, [key])
      : this.database.run((sql) => sql.row(statement, [key])));
    return row && storedEvent(row);
  }

  /** Events after one position up to another, in log order; with `keys`, those whose keys begin so, and end in a colon. */
  async page(
    after: number,
    upTo: number,
    groups: readonly string[] | undefined,
    limit: number,
    keys?: string,
  ): Promise<StoredEvent[]> {
    return this.database.run((sql) => this.pageOn(sql, after, upTo, groups, limit, keys));
  }

  /** A `page` as the transaction of `sql` sees it. */
  async pageOn(
    sql: Sql,
    after: number,
    upTo: number,
    groups: readonly string[] | undefined,
    limit: number,
    keys?: string,
  ): Promise<StoredEvent[]> {
    const ofGroups = groups ? `AND e.event_group IN (${marks(groups.length)})` : '';
    // Keys are compared byte by byte: a semicolon follows on a colon.
    const [ofKeys, range] = keys
      ? ['AND e.event_key >= ? AND e.event_key < ?', [keys, keys.replace(/:$/, ';')]]
      : ['', []];
    const rows = await sql.rows(
      `SELECT ${EVENT_COLUMNS} FROM ${this.database.tables.event} e
       WHERE e.position > ? AND e.position <= ? ${ofGroups} ${ofKeys} ORDER BY e.position LIMIT ?`,
      [after, upTo, ...(groups ?? []), ...range, limit],
    );
    return rows.map(storedEvent);
  }

  private appendOn(
    runner: QueryRunner,
    rows: readonly EventRow[],
    terms: AppendTerms | undefined,
  ): Promise<Appended[]> {
    if (terms) return this.conditional.record(runner, rows, terms);
    return runner.isTransactionActive
      ? this.append(this.database.on(runner), rows)
      : this.appendAlone(runner, rows);
  }

  /** In no transaction of anybody's. */
  private appendAlone(runner: QueryRunner, rows: readonly EventRow[]): Promise<Appended[]> {
    const { database } = this;
    const append = () =>
      database.dialect.can.singleStatements
        ? this.append(database.on(runner), rows)
        : database.retrying(() => database.transactionOn(runner, (sql) => this.append(sql, rows)));
    return hasPreclaims(rows) ? this.preclaimer!.unlessAnswered(append) : append();
  }

  /** Throws `ConcurrencyError`, with nothing recorded, where a version of a stream is taken. */
  private async append(sql: Sql, rows: readonly EventRow[]): Promise<Appended[]> {
    const { dialect, tables } = this.database;
    const appended = await dialect.log.append(sql, tables, rows, this.database.time());
    await assertVersionsFree(sql, tables, rows, appended);
    return appended;
  }

  /** Whether a transaction that was to give way did so. */
  private gaveWay(error: unknown): boolean {
    return ['conflict', 'lock'].includes(this.database.failure(error));
  }

  private writeInOwn(emissions: readonly Emission[]): Promise<AppendResult[]> {
    const { dialect } = this.database;
    return this.database.transactionOnce((sql) =>
      dialect.locks.yielding(sql, () => this.record(emissions, sql.runner, false)),
    );
  }

  private async writeUnlessBusy(emission: Emission): Promise<AppendResult & { busy?: boolean }> {
    try {
      return (await this.writeInOwn([emission]))[0]!;
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
    const { outermostRunner } = this.database.dialect.transactions;
    this.parts.commits.appended(outermostRunner?.(runner) ?? runner, events);
  }
}

/** The handlers of the pending deliveries that were created with the row and are not put off: one id for each delivery. */
function dueHandlers({ availableAt, handlers }: EventRow, now: number): number[] {
  if ((availableAt ?? 0) > now) return [];
  return handlers.flatMap(({ id, workerId, wait }) => (workerId === undefined && !wait ? [id] : []));
}

function watched(emission: Emission): WatchedEvent {
  const { input } = emission;
  assertEventInput(input, emission);
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
  return recordedEvent(row, position, instance ?? input.data);
}
