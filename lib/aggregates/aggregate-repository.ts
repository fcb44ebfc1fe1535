import { setTimeout as wait } from 'node:timers/promises';
import type { EntityManager, QueryRunner } from 'typeorm';
import { type AppendCondition, assertCondition } from '../core/append-condition.js';
import { describe } from '../core/describe.js';
import { InvalidOptionError } from '../core/errors.js';
import type { AggregateRecordedEvent } from '../core/event.js';
import { assertKnownOptions } from '../core/options/known-options.js';
import { aggregateIdOf, streamName } from '../core/stream.js';
import type { Database } from '../store/db/database.js';
import { ConcurrencyError, TransactionRequiredError } from '../store/ports/errors.js';
import { type Aggregate, progressOf, setProgress } from './aggregate.js';
import type { AggregateDefinition } from './aggregate-definition.js';
import type { AggregateLoads } from './aggregate-loads.js';
import type { ApplicationParts } from './aggregate-parts.js';
import type { AggregateSaves } from './aggregate-saves.js';
import type { AggregateStates } from './aggregate-states.js';
import { AggregateClosedError, AggregateNotFoundError, InvalidAggregateError } from './errors.js';
import { beginAt, initial, isClosed, rebuilt } from './lineage.js';

/** Milliseconds, at most, before an update is tried again for the first time; doubled each time. */
const PAUSE = 8;

/** Ids in a page. */
const IDS = 1000;

export interface SaveOptions {
  /** The events are recorded in this manager's transaction: if and only if it commits. */
  manager?: EntityManager;
  /** That nothing was appended which matches what was read: `log.read({ tags }).condition`. Default: none. */
  condition?: AppendCondition;
}

export interface FindOptions {
  /** As this manager's transaction sees it. Default: as everybody does. */
  manager?: EntityManager;
}

export interface GetOptions extends FindOptions {
  /** As it was after its event of this version. Default: as it is. */
  version?: number;
}

export interface ProjectOptions<V> extends GetOptions {
  /** Makes the view after an event of the one before; undefined before the first. */
  project: (view: V | undefined, event: AggregateRecordedEvent) => V;
}

export interface UpdateOptions extends Omit<SaveOptions, 'condition'> {
  /** How often it is tried in all. Default: the option `attempts` of `forFeature`. */
  attempts?: number;
}

export interface RepositoryParts<T extends Aggregate> extends ApplicationParts {
  readonly definition: AggregateDefinition<T>;
  readonly loads: AggregateLoads<T>;
  readonly states: AggregateStates<T>;
  readonly saves: AggregateSaves;
  readonly attempts: number;
}

/** Aggregates of one type, kept as their events in the log. */
export class AggregateRepository<T extends Aggregate> {
  constructor(private readonly parts: RepositoryParts<T>) {}

  /**
   * Records the pending events of one aggregate or several, of any type of the application: all or none. Resolves to what
   * was recorded. Throws `ConcurrencyError` where one has been changed meanwhile: nothing is stored, and the pending events
   * are pending still. With `manager`, in its transaction: a rollback gives the pending events back. With `condition`, throws
   * `DecisionConflictError` where that does not hold any more; the pending events are pending still, too.
   */
  save(...aggregates: Aggregate[]): Promise<AggregateRecordedEvent[]>;
  save(aggregates: readonly Aggregate[], options?: SaveOptions): Promise<AggregateRecordedEvent[]>;
  async save(
    ...given: Aggregate[] | [readonly Aggregate[], SaveOptions?]
  ): Promise<AggregateRecordedEvent[]> {
    const isList = Array.isArray(given[0]);
    const [aggregates, options = {}] = (isList ? given : [given]) as [readonly Aggregate[], SaveOptions?];
    assertKnownOptions(options, ['manager', 'condition'], 'AggregateRepository.save');
    assertCondition(options.condition, 'AggregateRepository.save');
    return this.record(aggregates, options);
  }

  /** The aggregate, of its events. Throws `AggregateNotFoundError`. With `project`, the view that this makes of them. */
  get(id: string, options?: GetOptions): Promise<T>;
  get<V>(id: string, options: ProjectOptions<V>): Promise<V>;
  async get<V>(id: string, options: GetOptions & Partial<ProjectOptions<V>> = {}): Promise<T | V> {
    assertKnownOptions(options, ['version', 'project', 'manager'], 'AggregateRepository.get');
    const { version, project } = options;
    const found = project
      ? await this.projected(id, options as ProjectOptions<V>)
      : await this.load(id, options);
    if (found !== undefined) return found;
    throw new AggregateNotFoundError(this.parts.definition.name, id, version);
  }

  /** The aggregate; undefined where there is none. */
  find(id: string, options: FindOptions = {}): Promise<T | undefined> {
    assertKnownOptions(options, ['manager'], 'AggregateRepository.find');
    return this.load(id, options);
  }

  /** Whether it has had an event. */
  async has(id: string, options: FindOptions = {}): Promise<boolean> {
    assertKnownOptions(options, ['manager'], 'AggregateRepository.has');
    await this.parts.ready();
    return (
      (await this.parts.streams.last(this.streamOf(id), transactionOf(options, this.parts.database))) !==
      undefined
    );
  }

  /** Its events, the first first. */
  async *history(id: string): AsyncGenerator<AggregateRecordedEvent, void, undefined> {
    assertId(id);
    await this.parts.ready();
    yield* this.parts.loads.events(id, { runner: this.parts.database.joined() });
  }

  /** The ids of all that have had an event, in the order of their bytes: read a page at a time, as everybody sees them. */
  async *ids(): AsyncGenerator<string, void, undefined> {
    await this.parts.ready();
    const { application, definition, streams } = this.parts;
    for (let after = ''; ;) {
      const page = await streams.firsts(application, after, IDS);
      for (const { stream, group } of page) if (definition.groups.has(group)) yield aggregateIdOf(stream);
      if (page.length < IDS) return;
      after = page.at(-1)!.stream;
    }
  }

  /**
   * Loads it, changes it and saves it; where it has been changed meanwhile, `change` is called again with what it is now.
   * Resolves to the aggregate. Throws `AggregateNotFoundError`, `ConcurrencyError` after the last attempt, and what
   * `change` throws.
   */
  async update(id: string, change: (aggregate: T) => unknown, options: UpdateOptions = {}): Promise<T> {
    assertKnownOptions(options, ['manager', 'attempts'], 'AggregateRepository.update');
    const { manager, attempts = this.parts.attempts } = options;
    assertAttempts(attempts);
    const runner = transactionOf(options, this.parts.database);
    let aggregate = await this.get(id, { ...(manager ? { manager } : {}) });
    for (let attempt = 1; ; attempt++) {
      const loaded = aggregate.version;
      await change(aggregate);
      try {
        await this.record([aggregate], { ...(manager ? { manager } : {}) });
        return aggregate;
      } catch (error) {
        // A transaction that the database has ended cannot be gone on with.
        const isOver =
          error instanceof ConcurrencyError && manager !== undefined && error.cause !== undefined;
        if (!(error instanceof ConcurrencyError) || attempt >= attempts || isOver) throw error;
      }
      await wait(this.parts.random() * PAUSE * 2 ** attempt);
      aggregate = rebuilt(aggregate, loaded)!;
      await this.parts.loads.continue(aggregate, { runner });
    }
  }

  /**
   * Takes a snapshot of it as it is, or was at this version, from which later loads begin; one that is there stays. Throws
   * `AggregateNotFoundError`, and what the codec or the database says.
   */
  async snapshot(id: string, { version, ...others }: { version?: number } = {}): Promise<void> {
    assertKnownOptions(others, ['version'], 'AggregateRepository.snapshot');
    await this.parts.states.take(await this.get(id, version === undefined ? {} : { version }));
  }

  /**
   * A new aggregate of the same id, where the stream was ended and the type says `restarts`. Throws
   * `AggregateNotFoundError`, `AggregateClosedError` where the type does not say so, and `InvalidAggregateError` where the
   * stream goes on.
   */
  async restart(id: string, options: FindOptions = {}): Promise<T> {
    assertKnownOptions(options, ['manager'], 'AggregateRepository.restart');
    const { type, restarts, name } = this.parts.definition;
    const ended = await this.get(id, options);
    if (!isClosed(ended))
      throw new InvalidAggregateError(
        `${name} "${id}"`,
        'its stream was not ended, so that it cannot restart.',
      );
    if (!restarts) throw new AggregateClosedError(id);
    const { version } = ended;
    return beginAt(() => {
      const aggregate = initial(type, id);
      setProgress(aggregate, { ...progressOf(aggregate), version });
      return aggregate;
    });
  }

  /** @internal The same repository, for whoever has to be refused first. */
  unless(refuse: () => void): AggregateRepository<T> {
    const ready = async () => {
      refuse();
      await this.parts.ready();
    };
    return new AggregateRepository({ ...this.parts, ready });
  }

  private record(
    aggregates: readonly Aggregate[],
    { manager, condition }: SaveOptions,
  ): Promise<AggregateRecordedEvent[]> {
    return this.parts.saves.save(aggregates, { manager, condition, ready: this.parts.ready });
  }

  private async load(id: string, options: GetOptions): Promise<T | undefined> {
    assertId(id);
    assertVersion(options.version);
    await this.parts.ready();
    return this.parts.loads.load(id, {
      upTo: options.version,
      runner: transactionOf(options, this.parts.database),
    });
  }

  private async projected<V>(id: string, options: ProjectOptions<V>): Promise<V | undefined> {
    const { version, project } = options;
    assertId(id);
    assertVersion(version);
    await this.parts.ready();
    let view: V | undefined;
    let reached = 0;
    for await (const event of this.parts.loads.events(id, {
      upTo: version,
      runner: transactionOf(options, this.parts.database),
    })) {
      view = project(view, event);
      reached = event.version;
    }
    return version === undefined || reached === version ? view : undefined;
  }

  private streamOf(id: string): string {
    assertId(id);
    return streamName(this.parts.application, id);
  }
}

/** Of the transaction that decides on what the caller sees; undefined where that is what everybody sees. */
function transactionOf({ manager }: FindOptions, database: Database): QueryRunner | undefined {
  if (!manager) return database.joined();
  if (!manager.queryRunner?.isTransactionActive) throw new TransactionRequiredError();
  return manager.queryRunner;
}

function assertId(id: unknown): void {
  if (typeof id === 'string' && id !== '') return;
  throw new InvalidOptionError('id', 'a text', describe(id), 'AggregateRepository');
}

function assertVersion(version: unknown): void {
  if (version === undefined || (Number.isSafeInteger(version) && (version as number) >= 1)) return;
  const expected = 'a whole number, 1 or more';
  throw new InvalidOptionError('version', expected, describe(version), 'AggregateRepository.get');
}

function assertAttempts(attempts: unknown): void {
  if (Number.isSafeInteger(attempts) && (attempts as number) >= 1) return;
  const expected = 'a whole number, 1 or more';
  throw new InvalidOptionError('attempts', expected, describe(attempts), 'AggregateRepository.update');
}
