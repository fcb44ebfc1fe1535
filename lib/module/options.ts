import type { FactoryProvider, ModuleMetadata, Provider, Type } from '@nestjs/common';
import { CronTime } from 'cron';
import { type Clock, systemClock } from '../core/clock.js';
import { describe } from '../core/describe.js';
import { milliseconds, timerMilliseconds } from '../core/duration.js';
import { InvalidOptionError } from '../core/errors.js';
import type { EventClass } from '../core/event-types.js';
import { flag, list, must, oneOf, orFalse, text, url, whole } from '../core/options/checks.js';
import { group, maybe, opt, type OptionsOf, resolved, type ResolvedOf } from '../core/options/declare.js';
import { RETRY, type RetryOptions } from '../core/retry-policy.js';
import {
  type HttpOptions,
  httpPolicy,
  type HttpRouteOptions,
  type ResolvedHttp,
} from '../http/http-options.js';
import type { FollowableLog } from '../core/notification-log.js';
import { COMMAND_VARIABLE } from '../core/command-variable.js';
import { PAYLOAD, type PayloadOptions } from '../payload/payload-options.js';
import type { BulkWritePolicy } from '../sources/bulk-write.js';
import type { SchemaPolicy } from '../store/db/schema.js';
import { DEFAULT_PREFIX } from '../store/ports/tables.js';
import { release } from './application-release.js';
import { transports } from '../transports/transports-option.js';
import { EVENT_TYPES, type EventTypesOptions } from './event-types-options.js';
import { FORGETTING, type ForgettingOptions } from './forgetting-options.js';
import { retentionPolicy } from './retention-options.js';

/** What this process's worker does. */
export const WORKER = {
  /** Handlers running at once in this process. Default `10`. */
  concurrency: opt(whole(1), 10),
  /** How often to look for work that nobody told of. Default `'1s'`. */
  pollInterval: opt(timerMilliseconds, '1s'),
  /** How long a process's claims stay its own without a heartbeat. Default `'30s'`. */
  lease: opt(timerMilliseconds, '30s'),
  /** How long shutdown waits for running handlers. Default `'10s'`. */
  shutdownTimeout: opt(milliseconds, '10s'),
  /**
   * PostgreSQL: be told at once of what other processes record. False where LISTEN does not work, as through PgBouncer
   * in transaction mode without `directUrl`: then this process looks, more often while there is something to do. Default `true`.
   */
  listen: opt(flag, true),
  /**
   * Where the connection of heartbeats and messages goes instead of where the DataSource connects to, such as
   * `postgres://db-1:5432/app`: the server itself, behind a pooler. What the URL leaves out is the DataSource's. Default: the DataSource's.
   */
  directUrl: maybe(url),
};

export interface WorkerOptions extends OptionsOf<typeof WORKER> {}

/** The re-scan by the clock. */
export const RESCAN = {
  /** When to scan all entities. Default: never by the clock. */
  cron: maybe(text),
  /** Of the cron expression, such as `Europe/Berlin`. Default: the process's. */
  timeZone: maybe(text),
  /** Rows per page. Default `1000`. */
  batchSize: opt(whole(1), 1000),
  /** Scan once when the application has started. Default `false`. */
  onStart: opt(flag, false),
};

export interface RescanScheduleOptions extends OptionsOf<typeof RESCAN> {}

/** It goes into names of tables and indexes, the longest of which have to fit into the databases' limits. */
const prefix = must<string>(
  '1 to 30 letters, digits or underscores',
  (value) => typeof value === 'string' && /^[A-Za-z_][A-Za-z0-9_]{0,29}$/.test(value),
);

const clock = must<Clock>(
  '{ now(): Date }',
  (value: Partial<Clock> | null) => typeof value?.now === 'function',
);

export const eventClasses = list<EventClass>('an array of classes', (type) => typeof type === 'function');

function rescanSchedule(
  options: RescanScheduleOptions,
  option: string,
  where: string,
): ResolvedOf<typeof RESCAN> {
  const schedule = resolved(RESCAN, options, { where, option });
  const { cron, timeZone } = schedule;
  if (cron === undefined) return schedule;
  try {
    new CronTime(cron, timeZone ?? null);
  } catch (error) {
    const actual = `${describe(cron)}${timeZone ? ` in ${timeZone}` : ''} (${(error as Error).message})`;
    throw new InvalidOptionError(`${option}.cron`, 'a cron expression with a known time zone', actual, where);
  }
  return schedule;
}

/** A name goes into the keys of what is collected; a colon would end it there. */
const upstreams = must<Readonly<Record<string, FollowableLog>>>(
  'logs by names of 1 to 64 letters, digits, dots, hyphens or underscores: { orders: remoteNotificationLog(url) }',
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(value).every(
      ([name, log]) =>
        /^[\w.-]{1,64}$/.test(name) && typeof (log as Partial<FollowableLog> | null)?.page === 'function',
    ),
);

/** All options of the module. */
export const MODULE = {
  /** Name of the TypeORM DataSource in which the log lives. Default: the default one. */
  dataSource: maybe(text),
  /** Of the product's tables. Default `'once_'`. */
  prefix: opt(prefix, DEFAULT_PREFIX),
  /** PostgreSQL: schema of the product's tables, created when it is missing. Default: the DataSource's `schema`, or the connection's. */
  schemaName: maybe(text),
  /** What to do about the tables at bootstrap. Default `'migrate'`; `'verify'` with `NODE_ENV=production`. */
  schema: opt(oneOf<SchemaPolicy>('migrate', 'verify', 'none'), 'migrate'),
  /** Where an event's handlers run: after commit in this process's worker, before the save resolves, or not here. Default `'background'`. */
  dispatch: opt(oneOf('background', 'inline', 'none'), 'background'),
  /** What this process's worker does. Default: see its parts. */
  worker: opt(group<WorkerOptions, typeof WORKER>(WORKER), {}),
  /** How a failed delivery is tried again. Default: see its parts. */
  retry: opt(group<RetryOptions, typeof RETRY>(RETRY), {}),
  /** When retries run out: only bury the delivery, or shut down in order and exit with 1 as well. Default `'dead-letter'`. */
  onExhausted: opt(oneOf('dead-letter', 'shutdown'), 'dead-letter'),
  /** Re-scans by the clock; `false`: none. What bulk writes ask for is the business of `bulkWrites`. Default: never by the clock. */
  rescan: opt(orFalse(rescanSchedule), {}),
  /** What to do when a write reached the subscriber without a whole entity. Default `'rescan'`. */
  bulkWrites: opt(oneOf<BulkWritePolicy>('rescan', 'ignore', 'throw'), 'rescan'),
  /** What payloads pass on their way to the database and back. Default: see its parts. */
  payload: opt(group<PayloadOptions, typeof PAYLOAD>(PAYLOAD), {}),
  /** What is personal in events, and how a person is forgotten. Default: see its parts. */
  forgetting: opt(group<ForgettingOptions, typeof FORGETTING>(FORGETTING), {}),
  /** A handler without a live process stops collecting deliveries after this. Default `'7d'`. */
  handlerExpiry: opt(milliseconds, '7d'),
  /** For how long finished deliveries, data and events are kept; `false`: for ever. Default: see its parts. */
  retention: opt(orFalse(retentionPolicy), {}),
  /** Spans and metrics, where `@opentelemetry/api` is installed and an SDK is registered with it. Default `true`. */
  telemetry: opt(flag, true),
  /**
   * One line at start that says what this process does (its database, handlers, sources and schedule), and a warning where nobody
   * listens to the signal to stop. Default `true`.
   */
  summary: opt(flag, true),
  /**
   * Whether the DataSource's query log shows what the process asks by itself: looks, claims, heartbeats. It shows in any case what
   * the application causes, such as the append of a save. Default `false`.
   */
  logQueries: opt(flag, false),
  /** Events over HTTP: a route to which they are posted. Default: there is none. */
  http: maybe((http: HttpOptions) => http),
  /** Brokers by their names, each made by a function such as `memory()` of `nestjs-once/memory`. Default: none. */
  transports: opt(transports, {}),
  /** What tells the time: `{ now(): Date }`. Default: the system's. */
  clock: opt(clock, systemClock),
  /**
   * The application's release, such as a commit's hash: `status` shows which run. 1 to 100 characters of ASCII. Default: the version in the
   * `package.json` of the folder in which the process was started, or none.
   */
  release: maybe(release),
  /**
   * Logs of other applications, or of other databases, by the names under which followers say `from`: `{ orders: remoteNotificationLog(url) }`.
   * Default: none.
   */
  upstreams: opt(upstreams, {}),
  /** Event classes: those decorated with `@EventType`. More are found in `forFeature({ events })` and among providers. Default: none. */
  events: opt(eventClasses, []),
  /** How named events are treated. Default: see its parts. */
  eventTypes: opt(group<EventTypesOptions, typeof EVENT_TYPES>(EVENT_TYPES), {}),
};

export interface EventSourcingOptions extends OptionsOf<typeof MODULE> {}
/** Where an event's handlers run: after commit in this process's worker; before the save resolves; not here. */
export type DispatchMode = ResolvedOf<typeof MODULE>['dispatch'];

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
export type ResolvedOptions = Omit<ResolvedOf<typeof MODULE>, 'http'> & {
  http: ResolvedHttp | undefined;
  /** The process does nothing by itself, and asks nothing of the tables, which may be missing. Default false. */
  idle?: boolean;
};

const WHERE = 'EventSourcingModule.forRoot';

/**
 * A process of the command line does what it was asked for and nothing else: it runs no handler and no scheduled re-scan,
 * whatever the application says of its other processes.
 */
function inCommand(options: ResolvedOptions, command: string): ResolvedOptions {
  const idle = command === 'migrate';
  return { ...options, dispatch: 'none', rescan: false, summary: false, idle };
}

/** Checks the module's options once, at the edge. */
export function resolveOptions(
  options: EventSourcingOptions = {},
  env: NodeJS.ProcessEnv = process.env,
): ResolvedOptions {
  const schema = env.NODE_ENV === 'production' ? 'verify' : 'migrate';
  const { http, ...others } = resolved(MODULE, options, { where: WHERE, defaults: { schema } });
  const all = { ...others, http: http && httpPolicy(http, WHERE, others.eventTypes) };
  const command = env[COMMAND_VARIABLE];
  return command ? inCommand(all, command) : all;
}
