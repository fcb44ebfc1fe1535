import type { FactoryProvider, ModuleMetadata, Provider, Type } from '@nestjs/common';
import { CronTime } from 'cron';
import { type Clock, systemClock } from '../core/clock.js';
import { describe } from '../core/describe.js';
import { type Duration, milliseconds, timerMilliseconds } from '../core/duration.js';
import { InvalidOptionError } from '../core/errors.js';
import type { EventClass } from '../core/event-types.js';
import { assertKnownOptions } from '../core/options.js';
import { type RetryOptions, type RetryPolicy, retryPolicy } from '../core/retry-policy.js';
import {
  type HttpOptions,
  httpPolicy,
  type HttpRouteOptions,
  type ResolvedHttp,
} from '../http/http-options.js';
import type { MissingEntity } from '../payload/entity-references.js';
import type { PayloadStep } from '../payload/payload-step.js';
import type { PayloadType } from '../payload/payload-type.js';
import type { BulkWritePolicy } from '../sources/bulk-write.js';
import type { SchemaPolicy } from '../store/db/schema.js';
import { DEFAULT_PREFIX } from '../store/ports/tables.js';
import {
  checkedEvents,
  eventTypesOptions,
  type EventTypesOptions,
  type ResolvedEventTypes,
} from './event-types-options.js';
import { type ResolvedRetention, type RetentionOptions, retentionOptions } from './retention-options.js';

/** Where an event's handlers run: after commit in this process's worker; before the save resolves; not here. */
export type DispatchMode = 'background' | 'inline' | 'none';

export interface WorkerOptions {
  /** Handlers running at once in this process. Default 10. */
  concurrency?: number;
  /** How often to look for work that nobody told of. Default 1 s. */
  pollInterval?: Duration;
  /** How long a process's claims stay its own without a heartbeat. Default 30 s. */
  lease?: Duration;
  /** How long shutdown waits for running handlers. Default 10 s. */
  shutdownTimeout?: Duration;
  /**
   * PostgreSQL: be told at once of what other processes record. False where LISTEN does not work, as through PgBouncer
   * in transaction mode: then this process looks, more often while there is something to do. Default true.
   */
  listen?: boolean;
}

export interface RescanScheduleOptions {
  /** When to scan all entities. Default: never by the clock. */
  cron?: string;
  /** Of the cron expression, such as `Europe/Berlin`. Default: the process's. */
  timeZone?: string;
  /** Rows per page. Default 1000. */
  batchSize?: number;
  /** Scan once when the application has started. Default false. */
  onStart?: boolean;
}

export interface PayloadOptions {
  /** The application's own types, beside the built-in ones. */
  types?: readonly PayloadType[];
  /** What payloads pass on their way to the database, such as compression. */
  steps?: readonly PayloadStep[];
  /** Steps that stored payloads may have passed and new ones do not, such as an encryption with a former key. */
  formerSteps?: readonly PayloadStep[];
  /** Largest stored payload in bytes. Default 1 MiB. */
  maxBytes?: number;
  /** What an entity reference becomes whose row is gone. Default `'null'`. */
  missingEntity?: MissingEntity;
}

export interface EventSourcingOptions {
  /** Name of the TypeORM DataSource in which the log lives. Default: the default one. */
  dataSource?: string;
  /** Of the product's tables. Default `once_`. */
  prefix?: string;
  /** PostgreSQL: schema of the product's tables, created when it is missing. Default: the connection's. */
  schemaName?: string;
  /** What to do about the tables at bootstrap. Default `'migrate'`; `'verify'` with `NODE_ENV=production`. */
  schema?: SchemaPolicy;
  /** Default `'background'`. */
  dispatch?: DispatchMode;
  worker?: WorkerOptions;
  retry?: RetryOptions;
  /** When retries run out: only bury the delivery (default), or shut down in order and exit with 1 as well. */
  onExhausted?: 'dead-letter' | 'shutdown';
  rescan?: RescanScheduleOptions | false;
  /** What to do when a write reached the subscriber without a whole entity. Default `'rescan'`. */
  bulkWrites?: BulkWritePolicy;
  payload?: PayloadOptions;
  /** A handler without a live process stops collecting deliveries after this. Default 7 days. */
  handlerExpiry?: Duration;
  /** For how long finished deliveries, data and events are kept; `false`: for ever. Default: see its parts. */
  retention?: RetentionOptions | false;
  /** Spans and metrics, where `@opentelemetry/api` is installed and an SDK is registered with it. Default true. */
  telemetry?: boolean;
  /** Events over HTTP: a route to which they are posted. Default: there is none. */
  http?: HttpOptions;
  clock?: Clock;
  /** Event classes: those decorated with `@EventType`. More are found in `forFeature({ events })` and among providers. */
  events?: readonly EventClass[];
  eventTypes?: EventTypesOptions;
}

/** What a factory makes: what has to be known at once stands beside it. */
export type EventSourcingFactoryOptions = Omit<EventSourcingOptions, 'http'> & {
  http?: Omit<HttpOptions, keyof HttpRouteOptions>;
};

export interface EventSourcingOptionsFactory {
  createEventSourcingOptions(): EventSourcingFactoryOptions | Promise<EventSourcingFactoryOptions>;
}

export interface EventSourcingAsyncOptions
  extends
    Pick<ModuleMetadata, 'imports'>,
    Pick<EventSourcingOptions, 'dataSource' | 'prefix' | 'schemaName'> {
  inject?: FactoryProvider['inject'];
  /** Where events are posted, and the guards there. The rest of `http` is the factory's. */
  http?: HttpRouteOptions;
  useFactory?: FactoryProvider<EventSourcingFactoryOptions>['useFactory'];
  useClass?: Type<EventSourcingOptionsFactory>;
  useExisting?: Type<EventSourcingOptionsFactory>;
  extraProviders?: Provider[];
}

/** Options with every default filled in, durations in milliseconds. */
export interface ResolvedOptions {
  dataSource: string | undefined;
  prefix: string;
  schemaName: string | undefined;
  schema: SchemaPolicy;
  dispatch: DispatchMode;
  worker: {
    concurrency: number;
    pollInterval: number;
    lease: number;
    shutdownTimeout: number;
    listen: boolean;
  };
  retry: RetryPolicy;
  onExhausted: 'dead-letter' | 'shutdown';
  rescan: RescanScheduleOptions | false;
  bulkWrites: BulkWritePolicy;
  payload: PayloadOptions;
  handlerExpiry: number;
  retention: ResolvedRetention | false;
  telemetry: boolean;
  http: ResolvedHttp | undefined;
  clock: Clock;
  events: readonly EventClass[];
  eventTypes: ResolvedEventTypes;
}

const WHERE = 'EventSourcingModule.forRoot';
const OPTIONS = [
  'dataSource',
  'prefix',
  'schemaName',
  'schema',
  'dispatch',
  'worker',
  'retry',
  'onExhausted',
  'rescan',
  'bulkWrites',
  'payload',
  'handlerExpiry',
  'retention',
  'telemetry',
  'http',
  'clock',
  'events',
  'eventTypes',
];

/** Checks the module's options once, at the edge. */
export function resolveOptions(
  options: EventSourcingOptions = {},
  env: NodeJS.ProcessEnv = process.env,
): ResolvedOptions {
  assertKnownOptions(options, OPTIONS, WHERE);
  const {
    dispatch = 'background',
    onExhausted = 'dead-letter',
    bulkWrites = 'rescan',
    payload = {},
  } = options;
  const { schema = env.NODE_ENV === 'production' ? 'verify' : 'migrate' } = options;
  assertKnownOptions(
    payload,
    ['types', 'steps', 'formerSteps', 'maxBytes', 'missingEntity'],
    `${WHERE}, payload`,
  );
  const eventTypes = eventTypesOptions(options.eventTypes, WHERE);
  return {
    dataSource: options.dataSource,
    prefix: prefixOf(options.prefix ?? DEFAULT_PREFIX),
    schemaName: options.schemaName,
    schema: oneOf('schema', schema, ['migrate', 'verify', 'none']),
    dispatch: oneOf('dispatch', dispatch, ['background', 'inline', 'none']),
    worker: workerOptions(options.worker ?? {}),
    retry: retryPolicy(options.retry ?? {}, WHERE),
    onExhausted: oneOf('onExhausted', onExhausted, ['dead-letter', 'shutdown']),
    rescan: rescanOptions(options.rescan ?? {}),
    bulkWrites: oneOf('bulkWrites', bulkWrites, ['rescan', 'ignore', 'throw']),
    payload,
    handlerExpiry: milliseconds(options.handlerExpiry ?? '7d', 'handlerExpiry', WHERE),
    retention: retentionOptions(options.retention, WHERE),
    telemetry: checkedBoolean('telemetry', options.telemetry),
    http: resolvedHttp(options.http, eventTypes),
    clock: checkedClock(options.clock ?? systemClock),
    events: checkedEvents(options.events, WHERE),
    eventTypes,
  };
}

function resolvedHttp(
  http: EventSourcingOptions['http'],
  eventTypes: ResolvedEventTypes,
): ResolvedHttp | undefined {
  return http && httpPolicy(http, WHERE, eventTypes);
}

function checkedClock(clock: Clock): Clock {
  if (typeof clock.now === 'function') return clock;
  throw new InvalidOptionError('clock', '{ now(): Date }', describe(clock), WHERE);
}

function workerOptions(options: WorkerOptions): ResolvedOptions['worker'] {
  assertKnownOptions(
    options,
    ['concurrency', 'pollInterval', 'lease', 'shutdownTimeout', 'listen'],
    `${WHERE}, worker`,
  );
  const { concurrency = 10, listen = true } = options;
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw new InvalidOptionError(
      'worker.concurrency',
      'a whole number, 1 or more',
      describe(concurrency),
      WHERE,
    );
  }
  return {
    concurrency,
    pollInterval: timerMilliseconds(options.pollInterval ?? 1000, 'worker.pollInterval', WHERE),
    lease: timerMilliseconds(options.lease ?? 30_000, 'worker.lease', WHERE),
    shutdownTimeout: milliseconds(options.shutdownTimeout ?? 10_000, 'worker.shutdownTimeout', WHERE),
    listen: checkedBoolean('worker.listen', listen),
  };
}

function checkedBoolean(option: string, value = true): boolean {
  if (typeof value === 'boolean') return value;
  throw new InvalidOptionError(option, 'true or false', describe(value), WHERE);
}

function rescanOptions(rescan: RescanScheduleOptions | false): RescanScheduleOptions | false {
  if (rescan === false) return rescan;
  assertKnownOptions(rescan, ['cron', 'timeZone', 'batchSize', 'onStart'], `${WHERE}, rescan`);
  const { cron, timeZone, batchSize } = rescan;
  if (batchSize !== undefined && !(Number.isInteger(batchSize) && batchSize >= 1)) {
    throw new InvalidOptionError('rescan.batchSize', 'a whole number, 1 or more', describe(batchSize), WHERE);
  }
  if (cron !== undefined) assertCron(cron, timeZone);
  return rescan;
}

function assertCron(cron: string, timeZone: string | undefined): void {
  try {
    new CronTime(cron, timeZone ?? null);
  } catch (error) {
    const actual = `${describe(cron)}${timeZone ? ` in ${timeZone}` : ''} (${(error as Error).message})`;
    throw new InvalidOptionError('rescan.cron', 'a cron expression with a known time zone', actual, WHERE);
  }
}

function oneOf<T extends string>(option: string, value: T, allowed: readonly T[]): T {
  if (allowed.includes(value)) return value;
  throw new InvalidOptionError(
    option,
    allowed.map((name) => `'${name}'`).join(' or '),
    describe(value),
    WHERE,
  );
}

/** It goes into names of tables and indexes, the longest of which have to fit into the databases' limits. */
function prefixOf(prefix: unknown): string {
  if (typeof prefix === 'string' && /^[A-Za-z_][A-Za-z0-9_]{0,29}$/.test(prefix)) return prefix;
  throw new InvalidOptionError('prefix', '1 to 30 letters, digits or underscores', describe(prefix), WHERE);
}
