import type { Observable } from 'rxjs';
import type { EntityManager, QueryRunner } from 'typeorm';
import { type AppendCondition, assertCondition } from '../../core/append-condition.js';
import { describe } from '../../core/describe.js';
import { InvalidOptionError } from '../../core/errors.js';
import type { AppendResult, EventInput, RecordedEvent } from '../../core/event.js';
import { type EventQuery, exactItem } from '../../core/event-query.js';
import type { EventClass, EventTypes } from '../../core/event-types.js';
import { assertKnownOptions, assertNoneUndefined } from '../../core/options/known-options.js';
import { TransactionRequiredError } from '../ports/errors.js';
import { termsOf } from './conditional-append.js';
import { type Decide, type DecideOptions, Decisions } from './decisions.js';
import type { EventLogStore } from './event-log-store.js';
import { emissionOf } from './event-recorder.js';
import type { EventStream, StreamItem, StreamOptions } from '../commits/event-stream.js';
import type { Horizon } from '../db/horizon.js';
import { type DataOf, type EventData, loggedEvent, type LogOptions } from './logged-event.js';
import { EventReader, type EventReaderParts } from './event-reader.js';
import { EventReading } from './event-reading.js';
import { TaggedEvents } from './tagged-events.js';

const PAGE = 500;

export interface AppendOptions {
  /** The events are recorded in this manager's transaction: if and only if it commits. */
  manager?: EntityManager;
  /** That nothing was appended which matches what was read: `log.read({ tags }).condition`. Default: none. */
  condition?: AppendCondition;
}

export interface ReadOptions {
  /** Events behind this position. Default 0: from the start. */
  after?: number;
  /** Events of these groups only. */
  groups?: readonly string[];
  /** Events that have all of these tags only: 1 to 50. */
  tags?: readonly string[];
  /** At most this many. */
  limit?: number;
  /** With `tags`: as this manager's transaction sees them. Default: as everybody does. */
  manager?: EntityManager;
}

export interface EventLogParts extends EventReaderParts {
  store: EventLogStore;
  types: EventTypes;
  stream: EventStream;
  horizon: Horizon;
}

/** The application's event log: append, log named events, look up by key, read in order, watch. */
export class EventLog {
  private readonly reader: EventReader;
  private readonly tagged: TaggedEvents;
  private readonly decisions: Decisions;

  constructor(private readonly parts: EventLogParts) {
    this.reader = new EventReader(parts);
    this.tagged = new TaggedEvents({ ...parts, reader: this.reader });
    this.decisions = new Decisions({ ...parts, tagged: this.tagged });
  }

  /**
   * Records events, each key once for ever. With `manager`, in its transaction; without, in the one that
   * `dataSource.manager` is in (typeorm-transactional makes it so; on SQLite the caller's), or else in one of their own. One result per input, in order. Throws
   * `InvalidEventError`, `PayloadEncodingError`, `PayloadTooLargeError` or `TransactionRequiredError` before anything
   * is written. With a `condition`, `DecisionConflictError` where that does not hold any more, and `DecisionIsolationError`
   * in a transaction that cannot tell; nothing is recorded then, either.
   */
  append(input: EventInput, options?: AppendOptions): Promise<AppendResult>;
  append(inputs: readonly EventInput[], options?: AppendOptions): Promise<AppendResult[]>;
  async append(
    inputs: EventInput | readonly EventInput[],
    options: AppendOptions = {},
  ): Promise<AppendResult | AppendResult[]> {
    assertKnownOptions(options, ['manager', 'condition'], 'EventLog.append');
    const { manager, condition } = options;
    assertCondition(condition, 'EventLog.append');
    const many = Array.isArray(inputs) ? (inputs as readonly EventInput[]) : [inputs as EventInput];
    const emissions = many.map((input) => ({ input, source: 'append' }));
    const results = await this.parts.store.recordWith(manager, emissions, termsOf(condition));
    return Array.isArray(inputs) ? results : results[0]!;
  }

  /**
   * Records a named event: `app.ClassName`, its class, or an instance of that. `log<DealClick>('shop.DealClick', data)` checks the data of a
   * name against the class. Its data is given the class's defaults,
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
  log<T extends object = never>(
    name: string,
    data: DataOf<T>,
    options?: LogOptions,
  ): Promise<AppendResult<T>>;
  log(name: string, data?: unknown, options?: LogOptions): Promise<AppendResult>;
  async log(event: unknown, second?: unknown, third?: unknown): Promise<AppendResult> {
    const { type, data, options } = loggedEvent(event, second, third);
    const { manager, ...emit } = options;
    const prepared = await this.parts.types.prepare(type, data, emit);
    const results = await this.parts.store.recordWith(manager, [emissionOf(prepared)]);
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
  async get<T = unknown>(key: string): Promise<RecordedEvent<T> | undefined> {
    const stored = await this.parts.store.byKey(key);
    return stored && ((await this.reader.recorded(stored)) as RecordedEvent<T>);
  }

  /**
   * Events in log order, up to what is decided: none can appear later among those that were read. The data of old ones
   * may have been removed: `pruned`. With `tags`, all that is committed: what a transaction that is open adds may appear later among
   * those that were read, and the reading's `condition` does not hold then.
   */
  read<T = unknown>(options: ReadOptions = {}): EventReading<T> {
    const events = options?.tags === undefined ? this.inOrder(options) : this.ofTags(options);
    return new EventReading(
      events as AsyncGenerator<RecordedEvent<T>, AppendCondition | undefined, undefined>,
    );
  }

  /**
   * Reads what matches, hands it to `decide`, and appends what that returns if and only if nothing that matches was appended since;
   * else it reads and decides again. `decide` may be called several times, and should do nothing but decide: at the second time the
   * tags are held meanwhile, for a quarter of a second at most. In a transaction of the application (`manager`, or the one
   * that the caller is in) it is decided once. Resolves to what was recorded. Throws what `decide` throws; `DecisionConflictError`, with
   * nothing recorded, after the last attempt or where other transactions hold the tags for too long; `DecisionIsolationError`;
   * and what `append` throws. The idea is that of dynamic consistency boundaries (dcb.events).
   */
  decide<T = unknown>(
    query: EventQuery,
    decide: Decide<T>,
    options: DecideOptions = {},
  ): Promise<RecordedEvent[]> {
    return this.decisions.decide(query, decide as Decide, options);
  }

  private async *inOrder(options: ReadOptions): AsyncGenerator<RecordedEvent, undefined, undefined> {
    const { groups, limit = Infinity } = checkedReadOptions(options);
    if (groups?.length === 0) return;
    let after = options.after ?? 0;
    let left = limit;
    while (left > 0) {
      const upTo = await this.parts.horizon.advance();
      const page = await this.parts.store.page(after, upTo, groups, Math.min(PAGE, left));
      for (const stored of page) yield await this.reader.recorded(stored);
      if (page.length < Math.min(PAGE, left)) return;
      left -= page.length;
      after = page.at(-1)!.position;
    }
  }

  /** A page has the positions of the events before it: what appears among them later, the condition notices. */
  private async *ofTags(
    options: ReadOptions,
  ): AsyncGenerator<RecordedEvent, AppendCondition | undefined, undefined> {
    const { tags, groups, limit = Infinity, manager } = checkedReadOptions(options);
    const item = exactItem(tags!, groups, 'EventLog.read');
    if (groups?.length === 0) return undefined;
    const runner = transactionOf(manager) ?? this.parts.database.joined();
    const settled = await this.tagged.settled({ ...(runner ? { runner } : {}) });
    const positions: number[] = [];
    for (let [left, after] = [limit, options.after ?? 0]; left > 0;) {
      const size = Math.min(PAGE, left);
      const page = await this.tagged.page(item, after, size, runner);
      positions.push(...page.map(({ position }) => position));
      yield* await this.tagged.decoded(page, runner);
      if (page.length < size)
        return options.after === undefined ? this.tagged.condition([item], settled, positions) : undefined;
      left -= page.length;
      after = page.at(-1)!.position;
    }
    return undefined;
  }
}

function transactionOf(manager: EntityManager | undefined): QueryRunner | undefined {
  if (manager && !manager.queryRunner?.isTransactionActive) throw new TransactionRequiredError();
  return manager?.queryRunner;
}

function checkedReadOptions(options: ReadOptions): ReadOptions {
  assertKnownOptions(options, ['after', 'groups', 'tags', 'limit', 'manager'], 'EventLog.read');
  const { after = 0, limit = 1, manager, ...selection } = options;
  assertNoneUndefined(selection, 'EventLog.read');
  const { groups = [] } = selection;
  if (manager && options.tags === undefined)
    throw new InvalidOptionError('manager', 'given with tags alone', describe(manager), 'EventLog.read');
  if (!Number.isSafeInteger(after))
    throw new InvalidOptionError('after', 'a position', describe(after), 'EventLog.read');
  if (!(Number.isInteger(limit) || limit === Infinity) || limit < 0) {
    throw new InvalidOptionError('limit', 'a whole number, 0 or more', describe(limit), 'EventLog.read');
  }
  if (!Array.isArray(groups) || groups.some((group) => typeof group !== 'string' || group.includes('\0'))) {
    throw new InvalidOptionError(
      'groups',
      'an array of strings without NUL',
      describe(groups),
      'EventLog.read',
    );
  }
  return options;
}
