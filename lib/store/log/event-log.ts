import type { Observable } from 'rxjs';
import type { EntityManager } from 'typeorm';
import { describe } from '../../core/describe.js';
import { InvalidOptionError } from '../../core/errors.js';
import type { AppendResult, EventInput, RecordedEvent } from '../../core/event.js';
import type { EventClass, EventTypes } from '../../core/event-types.js';
import { assertKnownOptions } from '../../core/options/known-options.js';
import { PRUNED } from '../../core/stored-payload.js';
import type { EntityLoader } from '../../payload/entity-port.js';
import type { PayloadCodec } from '../../payload/payload-codec.js';
import type { Database } from '../db/database.js';
import type { EventIngest } from './event-ingest.js';
import type { EventLogStore } from './event-log-store.js';
import type { EventStream, StreamItem, StreamOptions } from '../commits/event-stream.js';
import type { Horizon } from '../db/horizon.js';
import { type EventData, loggedEvent, type LogOptions } from './logged-event.js';
import { recordedEvent } from './recorded-event.js';
import type { StoredEvent } from '../ports/rows.js';
import type { TypeOrmEntities } from '../typeorm/typeorm-entities.js';

const PAGE = 500;

export interface AppendOptions {
  /** The events are recorded in this manager's transaction: if and only if it commits. */
  manager?: EntityManager;
}

export interface ReadOptions {
  /** Events behind this position. Default 0: from the start. */
  after?: number;
  /** Events of these groups only. */
  groups?: readonly string[];
  /** At most this many. */
  limit?: number;
}

export interface EventLogParts {
  database: Database;
  store: EventLogStore;
  ingest: EventIngest;
  types: EventTypes;
  stream: EventStream;
  codec: PayloadCodec;
  entities: TypeOrmEntities;
  horizon: Horizon;
}

/** The application's event log: append, log named events, look up by key, read in order, watch. */
export class EventLog {
  constructor(private readonly parts: EventLogParts) {}

  /**
   * Records events, each key once for ever. With `manager`, in its transaction; without, in one of their own (on
   * SQLite in the caller's, since there is one connection). One result per input, in order. Throws
   * `InvalidEventError`, `PayloadEncodingError`, `PayloadTooLargeError` or `TransactionRequiredError` before anything
   * is written.
   */
  append(input: EventInput, options?: AppendOptions): Promise<AppendResult>;
  append(inputs: readonly EventInput[], options?: AppendOptions): Promise<AppendResult[]>;
  async append(
    inputs: EventInput | readonly EventInput[],
    options: AppendOptions = {},
  ): Promise<AppendResult | AppendResult[]> {
    assertKnownOptions(options, ['manager'], 'EventLog.append');
    const many = Array.isArray(inputs) ? (inputs as readonly EventInput[]) : [inputs as EventInput];
    const emissions = many.map((input) => ({ input, source: 'append' }));
    const results = await this.parts.ingest.record(emissions, options.manager);
    return Array.isArray(inputs) ? results : results[0]!;
  }

  /**
   * Records a named event: `app.ClassName`, its class, or an instance of that. Its data is given the class's defaults,
   * transformed and validated here; what the class refuses is not recorded, and what is given is left as it is. Resolves
   * when the event is recorded; with the key of one that is known already, nothing is. No handler runs here, unless
   * `dispatch` is `'inline'`. Throws `InvalidEventNameError`, `EventNotFoundError`, `EventValidationError`,
   * `InvalidEventError`, and what `append` throws.
   */
  log<T extends object>(
    type: EventClass<T>,
    data: EventData<T>,
    options?: LogOptions,
  ): Promise<AppendResult<T>>;
  log<T extends object>(event: T & { prototype?: never }, options?: LogOptions): Promise<AppendResult<T>>;
  log(name: string, data?: unknown, options?: LogOptions): Promise<AppendResult>;
  async log(event: unknown, second?: unknown, third?: unknown): Promise<AppendResult> {
    const { type, data, options } = loggedEvent(event, second, third);
    const { manager, ...emit } = options;
    const prepared = await this.parts.types.prepare(type, data, emit);
    const results = await this.parts.ingest.recordAll([prepared], manager ? { manager } : {});
    return results[0]!;
  }

  /**
   * What this process records, once it is committed, and what comes of each start of a handler here, from now on and for as long as
   * somebody is subscribed; completes when the application shuts down. For dashboards and tests: what has to be done about
   * an event is a handler's work. A subscriber's error is logged, and harms nobody.
   */
  stream<T = unknown>(options: StreamOptions = {}): Observable<StreamItem<T>> {
    return this.parts.stream.observe<T>(options);
  }

  /** The event of this key, however recent; undefined when there is none. Its data may have been removed: `pruned`. */
  async get(key: string): Promise<RecordedEvent | undefined> {
    const stored = await this.parts.store.byKey(key);
    return stored && this.decode(stored);
  }

  /**
   * Events in log order, up to what is decided: none can appear later among those that were read. The data of old ones
   * may have been removed: `pruned`.
   */
  async *read(options: ReadOptions = {}): AsyncGenerator<RecordedEvent, void, undefined> {
    const { groups, limit = Infinity } = checkedReadOptions(options);
    if (groups?.length === 0) return;
    let after = options.after ?? 0;
    let left = limit;
    while (left > 0) {
      const upTo = await this.parts.horizon.advance();
      const page = await this.parts.store.page(after, upTo, groups, Math.min(PAGE, left));
      for (const stored of page) yield await this.decode(stored);
      if (page.length < Math.min(PAGE, left)) return;
      left -= page.length;
      after = page.at(-1)!.position;
    }
  }

  private async decode(event: StoredEvent): Promise<RecordedEvent> {
    if (event.encoding === PRUNED) return recordedEvent(event, undefined);
    const { codec, database, entities } = this.parts;
    const load: EntityLoader = (references) =>
      database.run((sql) => entities.loader(sql.runner.manager, undefined)(references));
    const data = await codec.decode(
      { text: event.payload, bytes: event.payloadBytes, encoding: event.encoding },
      load,
    );
    return recordedEvent(event, data);
  }
}

function checkedReadOptions(options: ReadOptions): ReadOptions {
  assertKnownOptions(options, ['after', 'groups', 'limit'], 'EventLog.read');
  const { after = 0, limit = 1, groups = [] } = options;
  if (!Number.isSafeInteger(after))
    throw new InvalidOptionError('after', 'a position', describe(after), 'EventLog.read');
  if (!(Number.isInteger(limit) || limit === Infinity) || limit < 0) {
    throw new InvalidOptionError('limit', 'a whole number, 0 or more', describe(limit), 'EventLog.read');
  }
  if (!Array.isArray(groups) || groups.some((group) => typeof group !== 'string')) {
    throw new InvalidOptionError('groups', 'an array of strings', describe(groups), 'EventLog.read');
  }
  return options;
}
