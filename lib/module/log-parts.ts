import type { DataSource } from 'typeorm';
import { describe } from '../core/describe.js';
import { AggregateTypes } from '../aggregates/aggregate-types.js';
import type { Telemetry } from '../core/telemetry.js';
import { EventTypeRegistry } from '../event-types/event-type-registry.js';
import { loggerOf, type OwnLogger } from '../runtime/logging.js';
import { PayloadCodec } from '../payload/payload-codec.js';
import { CommitHub, FOR_FIGURES } from '../store/commits/commit-hub.js';
import { Depths } from '../store/commits/depths.js';
import { eventsInLog } from '../store/commits/events-in-log.js';
import { ControlConnection } from '../store/db/control-connection.js';
import { Database } from '../store/db/database.js';
import { EventLog, type EventLogParts } from '../store/log/event-log.js';
import { EventReader } from '../store/log/event-reader.js';
import { NotificationLog } from '../store/log/notification-log.js';
import { EventLogStore } from '../store/log/event-log-store.js';
import { EventStream } from '../store/commits/event-stream.js';
import { FanOut } from '../store/registry/fan-out.js';
import { HandlerRegistry } from '../store/registry/handler-registry.js';
import { Horizon } from '../store/db/horizon.js';
import { Forgetting } from '../store/log/forgetting.js';
import { poolSize } from '../store/db/pool.js';
import { RepeatedEvents } from '../store/log/repeated-events.js';
import { TypeOrmEntities } from '../store/typeorm/typeorm-entities.js';
import type { ResolvedOptions } from './options.js';
import { composePersonal, composeSubjectKeys, type PersonalParts } from './personal-parts.js';

/** Milliseconds. */
const LEAST_ANSWER_LIMIT = 5000;

/** Milliseconds: what reads, writes or removes a thousand rows takes longer than any other statement. */
const LARGE_ANSWER_LIMIT = 600_000;

/** The log in one DataSource, and what is needed to read and write it. */
export interface LogParts extends PersonalParts {
  database: Database;
  /**
   * The database for parts that go on until the process ends: none waits for an answer for ever, and their statements stay out
   * of the application's query log.
   */
  lasting: Database;
  /** The same, for statements on a thousand rows. */
  large: Database;
  control: ControlConnection;
  commits: CommitHub;
  horizon: Horizon;
  registry: HandlerRegistry;
  fanOut: FanOut;
  entities: TypeOrmEntities;
  codec: PayloadCodec;
  store: EventLogStore;
  repeated: RepeatedEvents;
  types: EventTypeRegistry;
  evolution: AggregateTypes;
  stream: EventStream;
  eventLog: EventLog;
  reader: EventReader;
  notifications: NotificationLog;
  forgetting: Forgetting;
}

export function composeLog(dataSource: DataSource, options: ResolvedOptions, telemetry: Telemetry): LogParts {
  const logger = loggerOf('EventSourcing');
  const { database, lasting, large, control } = composeDatabase(dataSource, options, logger);
  const horizon = new Horizon(lasting);
  const registry = new HandlerRegistry(lasting, horizon, options.worker.lease);
  const entities = new TypeOrmEntities(dataSource);
  const keys = composeSubjectKeys(database, control, options);
  const { keyring: subjects, erased } = keys;
  const codec = new PayloadCodec({ entities, ...options.payload, subjects, erased });
  const types = composeTypes(options, codec);
  const stream = composeStream(logger);
  const commits = composeCommits({ database, control, stream }, options, telemetry, logger);
  const mismatch = (key: string, group: string, existing: string) =>
    logger.warn(
      `Event "${key}" was not recorded: its key is in the log with group "${existing}", not "${group}".`,
    );
  const personal = composePersonal(keys, types, options);
  const store = new EventLogStore({
    ...{ database, registry, codec, commits, mismatch, stream, telemetry },
    personal: personal.personal,
  });
  const evolution = new AggregateTypes();
  return {
    ...{ database, lasting, large, control, commits, horizon, registry },
    ...{ entities, codec, store, types, evolution, stream },
    fanOut: new FanOut(lasting, registry, horizon, (line) => logger.log(line)),
    repeated: new RepeatedEvents(database, store, codec),
    ...personal,
    forgetting: new Forgetting({ database, store, ...personal }),
    ...composeReading({ database, store, types, evolution, stream, codec, entities, horizon }),
  };
}

function composeTypes({ eventTypes, clock }: ResolvedOptions, codec: PayloadCodec): EventTypeRegistry {
  return new EventTypeRegistry({
    ...eventTypes,
    now: () => clock.now().getTime(),
    isOwn: (value) => codec.isOwn(value),
  });
}

/** Those who read the log. */
function composeReading(parts: EventLogParts): Pick<LogParts, 'reader' | 'notifications' | 'eventLog'> {
  const reader = new EventReader(parts);
  return { reader, notifications: new NotificationLog({ ...parts, reader }), eventLog: new EventLog(parts) };
}

function composeStream(logger: OwnLogger): EventStream {
  return new EventStream((error) => logger.error(`A subscriber of the event stream failed: ${told(error)}`));
}

/** The ways to the database. */
function composeDatabase(
  dataSource: DataSource,
  options: ResolvedOptions,
  logger: OwnLogger,
): Pick<LogParts, 'database' | 'lasting' | 'large' | 'control'> {
  const { prefix, schemaName, clock, worker, logQueries } = options;
  const database = new Database(dataSource, { prefix, schemaName }, clock);
  database.pool.slow = (waited) => logger.warn(waitsForPool(waited, poolSize(dataSource)));
  const unseen = logQueries ? database : database.outOfQueryLog();
  const lasting = unseen.answeringWithin(answerLimit(options));
  const large = unseen.answeringWithin(LARGE_ANSWER_LIMIT);
  return { database, lasting, large, control: new ControlConnection(lasting, worker.directUrl) };
}

/** The hub, and those who only tell what was committed. */
function composeCommits(
  { database, control, stream }: Pick<LogParts, 'database' | 'control' | 'stream'>,
  { worker: { lease } }: ResolvedOptions,
  telemetry: Telemetry,
  logger: OwnLogger,
): CommitHub {
  const commits = new CommitHub({
    inLog: (events, messages) => {
      const riding = messages && database.dialect.signals?.riding(database.tables, messages);
      return control.run((sql) => eventsInLog(sql, database.tables, { events, riding }));
    },
    expiry: lease,
    failed: (error) => logger.error(`Telling of a commit failed: ${told(error)}`),
    depths: new Depths(database.dialect.transactions.depthOf),
  });
  commits.on({
    patience: () => (stream.isWatched ? 0 : Infinity),
    committed: (events) => events.forEach(({ event }) => event && stream.tell({ type: 'recorded', event })),
  });
  if (telemetry.enabled)
    commits.on({
      patience: () => FOR_FIGURES,
      committed: (events) => events.forEach(({ group }) => telemetry.recorded(group)),
    });
  return commits;
}

/** An answer that comes after the lease has lapsed is worth nothing; a machine that is busy has a few seconds in any case. */
export function answerLimit({ worker: { lease } }: ResolvedOptions): number {
  return Math.max(lease, LEAST_ANSWER_LIMIT);
}

function waitsForPool(waited: number, size: number): string {
  return (
    `The event log has been waiting for a connection of the pool for ${waited / 1000} s: all ${size} are in use. A transaction ` +
    'that calls EventLog.append() without its manager waits for itself: give { manager }. Else give the DataSource a larger poolSize.'
  );
}

function told(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : describe(error);
}
