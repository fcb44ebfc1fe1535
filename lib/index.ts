export { EventSourcingModule, type EventSourcingFeature } from './event-sourcing.module.js';
export type {
  DispatchMode,
  EventSourcingAsyncOptions,
  EventSourcingFactoryOptions,
  EventSourcingOptions,
  EventSourcingOptionsFactory,
  RescanScheduleOptions,
  WorkerOptions,
} from './module/options.js';
export type { EventTypesOptions } from './module/event-types-options.js';
export type { RetentionOptions } from './module/retention-options.js';
export {
  getDeliveriesToken,
  getEventLogToken,
  getRescanToken,
  InjectDeliveries,
  InjectEventLog,
  InjectRescan,
} from './module/tokens.js';

export type { Clock } from './core/clock.js';
export type { Duration } from './core/duration.js';
export { EventSourcingError, InvalidEventError, InvalidOptionError } from './core/errors.js';
export type { RequestLike } from './core/client-address.js';
export type { AppendResult, EventInput, EventMetadata, RecordedEvent } from './core/event.js';
export { event } from './core/event-input.js';
export type { EventClass } from './core/event-types.js';
export type { GroupPattern } from './core/group-pattern.js';
export { UnknownOptionError } from './core/options/known-options.js';
export type { HandlingOutcome } from './core/telemetry.js';
export type { RetryOptions } from './core/retry-policy.js';

export {
  MissingEntityError,
  PayloadDecodingError,
  PayloadEncodingError,
  PayloadPrunedError,
  PayloadTooLargeError,
} from './payload/errors.js';
export { gzipStep } from './payload/gzip-step.js';
export type { PayloadOptions } from './payload/payload-options.js';
export type { PayloadStep } from './payload/payload-step.js';
export type { PayloadType } from './payload/payload-type.js';

export {
  DuplicateEventTypeError,
  EventNotFoundError,
  EventValidationError,
  InvalidEventNameError,
  InvalidEventTypeError,
  MissingPackageError,
  type PropertyProblem,
} from './event-types/errors.js';
export { EventType, type EventTypeOptions, type Whitelist } from './event-types/event-type.decorator.js';
export { RequireKeys } from './event-types/require-keys.decorator.js';

export type { ByteSize } from './http/bytes.js';
export type { ErrorAnswer, EventAnswer, EventsAnswer } from './http/http-answer.js';
export type { CorsOptions, HttpOptions, HttpRouteOptions, RateLimitOptions } from './http/http-options.js';
export type { EventProblem } from './http/refused-request.js';
export type { RequestLimiter } from './http/request-limit.js';
export { MissingRateLimiterError } from './http/request-limiter.js';

export {
  BulkWriteError,
  DuplicateSourceError,
  SourceFailedError,
  UnknownEntityError,
} from './sources/errors.js';
export type { BulkWritePolicy } from './sources/bulk-write.js';
export {
  ModelEventSource,
  type ModelEventSourceOptions,
  type SourceRescanOptions,
} from './sources/model-event-source.decorator.js';
export type { SourceContext } from './sources/source-context.js';
export { RescanInProgressError, RescanLeaseLostError } from './sources/rescan/errors.js';
export { Rescan, type RescanRunOptions } from './sources/rescan/rescan.js';
export type { RescanProgressEvent, RescanReport } from './sources/rescan/rescan-report.js';

export {
  type BackfillOptions,
  Deliveries,
  type DeliveryPage,
  type DeliveryPageRequest,
} from './handlers/deliveries.js';
export {
  DeliveryCancelledError,
  DuplicateHandlerError,
  HandlerTimeoutError,
  InvalidHandlerError,
  LeaseLostError,
  NonRetriableError,
  ProcessDiedError,
  ShutdownError,
  SnoozeError,
  UnknownHandlerError,
} from './handlers/errors.js';
export { type EventTypeContext, OnEvent, type OnEventOptions } from './handlers/on-event.decorator.js';
export {
  EventHandler,
  type EventHandlerDecorator,
  type EventHandlerOptions,
} from './handlers/event-handler.decorator.js';
export type { HandlerContext } from './handlers/handler-context.js';

export type { DeliveryFilter, DeliveryStatus, DeliveryView } from './store/views/delivery-queries.js';
export type { HandlerView } from './store/views/handler-views.js';
export { UnsupportedDatabaseError } from './store/db/dialects.js';
export { DeliveryEntity, EventEntity } from './store/typeorm/entities.js';
export { EVENT_SOURCING_ENTITIES, eventSourcingEntities } from './store/typeorm/entity-schemas.js';
export { TransactionRequiredError } from './store/log/event-ingest.js';
export { type AppendOptions, EventLog, type ReadOptions } from './store/log/event-log.js';
export type { HandledItem, RecordedItem, StreamItem, StreamOptions } from './store/commits/event-stream.js';
export type { EventData, LogOptions } from './store/log/logged-event.js';
export { ConcurrencyError, OpenTransactionError, UnsupportedDriverError } from './store/ports/errors.js';
export { SecondConnectionError } from './store/db/pool.js';
export { type SchemaPolicy, SchemaNotReadyError } from './store/db/schema.js';
export { SqliteGateTimeoutError } from './store/dialects/sqlite/gate/errors.js';
export {
  EVENT_SOURCING_MIGRATIONS,
  eventSourcingMigrations,
  type EventSourcingMigrationsOptions,
  EventsWouldBeLostError,
} from './store/typeorm/typeorm-migrations.js';
export { EntityWithoutIdError, type ReferenceRelations } from './store/typeorm/typeorm-entities.js';
