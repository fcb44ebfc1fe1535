import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { describe } from '../core/describe.js';
import type { Telemetry } from '../core/telemetry.js';
import { EventTypeRegistry } from '../event-types/event-type-registry.js';
import { PayloadCodec } from '../payload/payload-codec.js';
import { Database } from '../store/database.js';
import { DeliveryQueries } from '../store/delivery-queries.js';
import { EventLog } from '../store/event-log.js';
import { EventIngest } from '../store/event-ingest.js';
import { type AppendListener, EventLogStore } from '../store/event-log-store.js';
import { EventStream } from '../store/event-stream.js';
import { FanOut } from '../store/fan-out.js';
import { HandlerRegistry } from '../store/handler-registry.js';
import { Horizon } from '../store/horizon.js';
import type { Preclaimer } from '../store/preclaims.js';
import { RepeatedEvents } from '../store/repeated-events.js';
import { TypeOrmEntities } from '../store/typeorm-entities.js';
import type { ResolvedOptions } from './options.js';

/** The log in one DataSource, and what is needed to read and write it. */
export interface LogParts {
  database: Database;
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

export function composeLog(
  dataSource: DataSource,
  options: ResolvedOptions,
  listener: AppendListener,
  telemetry: Telemetry,
  preclaimer: Preclaimer,
): LogParts {
  const { prefix, schemaName, clock, payload } = options;
  const database = new Database(dataSource, { prefix, schemaName }, clock);
  const logger = new Logger('EventSourcing');
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
  const store = new EventLogStore(database, registry, codec, listener, telemetry, preclaimer, stream);
  const ingest = new EventIngest(database, store);
  return {
    database,
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

function told(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : describe(error);
}
