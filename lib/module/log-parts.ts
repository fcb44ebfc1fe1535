import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { describe } from '../core/describe.js';
import type { Telemetry } from '../core/telemetry.js';
import { EventTypeRegistry } from '../event-types/event-type-registry.js';
import { PayloadCodec } from '../payload/payload-codec.js';
import { CommitHub } from '../store/commits/commit-hub.js';
import { Depths } from '../store/commits/depths.js';
import { eventsInLog } from '../store/commits/events-in-log.js';
import { ControlConnection } from '../store/db/control-connection.js';
import { Database } from '../store/db/database.js';
import { DeliveryQueries } from '../store/views/delivery-queries.js';
import { EventLog } from '../store/log/event-log.js';
import { EventIngest } from '../store/log/event-ingest.js';
import { EventLogStore } from '../store/log/event-log-store.js';
import { EventStream } from '../store/commits/event-stream.js';
import { FanOut } from '../store/registry/fan-out.js';
import type { MismatchListener } from '../store/log/group-mismatches.js';
import { HandlerRegistry } from '../store/registry/handler-registry.js';
import { Horizon } from '../store/db/horizon.js';
import { RepeatedEvents } from '../store/log/repeated-events.js';
import { TypeOrmEntities } from '../store/typeorm/typeorm-entities.js';
import type { ResolvedOptions } from './options.js';

/** The log in one DataSource, and what is needed to read and write it. */
export interface LogParts {
  database: Database;
  control: ControlConnection;
  commits: CommitHub;
  horizon: Horizon;
  registry: HandlerRegistry;
  fanOut: FanOut;
  queries: DeliveryQueries;
  entities: TypeOrmEntities;
  codec: PayloadCodec;
  store: EventLogStore;
  ingest: EventIngest;
  repeated: RepeatedEvents;
  types: EventTypeRegistry;
  stream: EventStream;
  eventLog: EventLog;
}

export function composeLog(dataSource: DataSource, options: ResolvedOptions, telemetry: Telemetry): LogParts {
  const { prefix, schemaName, clock, payload } = options;
  const database = new Database(dataSource, { prefix, schemaName }, clock);
  const logger = new Logger('EventSourcing');
  const control = new ControlConnection(database);
  const horizon = new Horizon(database);
  const registry = new HandlerRegistry(database, horizon, options.worker.lease);
  const entities = new TypeOrmEntities(dataSource);
  const codec = new PayloadCodec({ entities, ...payload });
  const types = new EventTypeRegistry({
    ...options.eventTypes,
    now: () => clock.now().getTime(),
    isOwn: (value) => codec.isOwn(value),
  });
  const stream = new EventStream((error) =>
    logger.error(`A subscriber of the event stream failed: ${told(error)}`),
  );
  const commits = composeCommits({ database, control, stream }, options, telemetry, logger);
  const mismatches = mismatchesTo(logger);
  const store = new EventLogStore({ database, registry, codec, commits, mismatches, stream, telemetry });
  const ingest = new EventIngest(database, store);
  return {
    database,
    control,
    commits,
    horizon,
    registry,
    fanOut: new FanOut(database, registry, horizon, (line) => logger.log(line)),
    queries: new DeliveryQueries(database),
    entities,
    codec,
    store,
    ingest,
    repeated: new RepeatedEvents(database, ingest, codec),
    types,
    stream,
    eventLog: new EventLog({ database, store, ingest, types, stream, codec, entities, horizon }),
  };
}

/** The hub, and those who only tell what was committed. */
function composeCommits(
  { database, control, stream }: Pick<LogParts, 'database' | 'control' | 'stream'>,
  { worker: { lease } }: ResolvedOptions,
  telemetry: Telemetry,
  logger: Logger,
): CommitHub {
  const commits = new CommitHub({
    inLog: (events, messages) => {
      const riding = messages && database.dialect.signals?.riding(database.tables, messages);
      return control.run((sql) => eventsInLog(sql, database.tables, { events, riding }));
    },
    expiry: lease,
    failed: (error) => logger.error(`Telling of a commit failed: ${told(error)}`),
    depths: new Depths(database.dialect.depthOf),
  });
  commits.on({
    awaits: () => stream.isWatched,
    committed: (events) => events.forEach(({ event }) => event && stream.tell({ type: 'recorded', event })),
  });
  if (telemetry.enabled)
    commits.on({ committed: (events) => events.forEach(({ group }) => telemetry.recorded(group)) });
  return commits;
}

function mismatchesTo(logger: Logger): MismatchListener {
  return {
    groupMismatch: (key, group, existing) =>
      logger.warn(
        `Event "${key}" was not recorded: its key is in the log with group "${existing}", not "${group}".`,
      ),
  };
}

function told(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : describe(error);
}
