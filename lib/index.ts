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
  getEventArchiveToken,
  getEventLogToken,
  getEventSearchToken,
  getEventTablesToken,
  getFollowersToken,
  getForgettingToken,
  getLogStatusToken,
  getNotificationLogToken,
  getRescanToken,
  getRetentionToken,
  InjectDeliveries,
  InjectEventLog,
  InjectFollowers,
  InjectForgetting,
  InjectNotificationLog,
  InjectRescan,
} from './module/tokens.js';

export type { Clock } from './core/clock.js';
export { AppendCondition } from './core/append-condition.js';
export type { Duration } from './core/duration.js';
export { EventSourcingError, InvalidEventError, InvalidOptionError } from './core/errors.js';
export type { RequestLike } from './core/client-address.js';
export type {
  AggregateRecordedEvent,
  AppendResult,
  EventDetails,
  EventInput,
  EventMetadata,
  RecordedEvent,
} from './core/event.js';
export { event } from './core/event-input.js';
export type { EventQuery, EventQueryItem } from './core/event-query.js';
export type { EventClass } from './core/event-types.js';
export type { GroupPattern } from './core/group-pattern.js';
export {
  InvalidSectionError,
  type NotificationSection,
  type NotificationSelection,
  type Notifications,
} from './core/notification-log.js';
export type { FollowableLog, NotificationPage } from './core/notification-log.js';
export { NAMESPACE_URL, uuidV5 } from './core/uuid-v5.js';
export { UnknownOptionError } from './core/options/known-options.js';
export type { HandlingOutcome } from './core/telemetry.js';
export type { RetryOptions } from './core/retry-policy.js';

export {
  MissingEntityError,
  PayloadDecodingError,
  PayloadEncodingError,
  PayloadPrunedError,
  PayloadTooLargeError,
  UnknownKeyError,
} from './payload/errors.js';
export type { Compression } from './payload/compressors.js';
export { type CipherKey, createCipherKey, type EncryptionOptions } from './payload/encryption-options.js';
export { gzipStep } from './payload/gzip-step.js';
export type { CipherContext, PayloadCipher } from './payload/payload-cipher.js';
export type { PayloadOptions } from './payload/payload-options.js';
export type { PayloadOwner } from './payload/payload-owner.js';
export type { PayloadStep } from './payload/payload-step.js';
export type { PayloadType } from './payload/payload-type.js';
export type { GroupPipelineOptions, PipelineOptions } from './payload/pipeline-options.js';

export { Erased, ErasedSubjectError, isErased, type PersonalEvent, type SubjectOf } from './core/personal.js';
export { Personal, type PersonalOptions } from './event-types/personal.decorator.js';
export type { ErasedValue, ForgettingOptions, PersonalGroupOptions } from './module/forgetting-options.js';
export {
  type ErasedSubjectKey,
  InvalidSubjectKeyError,
  type LiveSubjectKey,
  type SubjectKey,
  type SubjectKeyStore,
} from './payload/subject-keys.js';
export { Forgetting, ForgettingInTransactionError, type ForgettingReport } from './store/log/forgetting.js';

export {
  DuplicateEventTypeError,
  EventNotFoundError,
  EventValidationError,
  InvalidEventNameError,
  InvalidEventTypeError,
  MissingPackageError,
  type PropertyProblem,
  SplitPackageError,
} from './event-types/errors.js';
export { EventType } from './event-types/event-type.decorator.js';
export type { EventTypeOptions, Whitelist } from './event-types/event-type-options.js';
export { RequireKeys } from './event-types/require-keys.decorator.js';

export type { ByteSize } from './http/bytes.js';
export type { ErrorAnswer, EventAnswer, EventsAnswer } from './http/http-answer.js';
export type {
  CorsOptions,
  HttpOptions,
  HttpRouteOptions,
  RateLimitOptions,
  StoredMetadataOptions,
} from './http/http-options.js';
export type { NotificationOptions } from './http/notification-options.js';
export {
  type RemoteHeadersContext,
  remoteNotificationLog,
  RemoteNotificationLogError,
  type RemoteNotificationLogOptions,
} from './http/remote-notification-log.js';
export { RemoteAnswerError, RemoteUnreachableError } from './http/remote-answer.js';
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
  type RescanWhere,
  type RescanWhereAt,
  type SourceRescanOptions,
} from './sources/model-event-source.decorator.js';
export type { SourceContext } from './sources/source-context.js';
export { RescanInProgressError, RescanLeaseLostError } from './sources/rescan/errors.js';
export { Rescan, type RescanRunOptions } from './sources/rescan/rescan.js';
export type { RescanProgressEvent, RescanReport } from './sources/rescan/rescan-report.js';

export {
  type BackfillOptions,
  Deliveries,
  type DeliveryChangeOptions,
  type DeliveryPage,
  type DeliveryPageRequest,
} from './handlers/deliveries.js';
export type { AllDeliveries } from './handlers/delivery-filter-checks.js';
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

export { Aggregate, type AggregateClass, type PendingEvent } from './aggregates/aggregate.js';
export { AggregateEvent } from './aggregates/aggregate-event.decorator.js';
export {
  AggregateRepository,
  type FindOptions,
  type GetOptions,
  type ProjectOptions,
  type SaveOptions,
  type UpdateOptions,
} from './aggregates/aggregate-repository.js';
export { DuplicateLogError } from './module/duplicate-log.js';
export type { AggregatesOptions, AggregatesPlaceOptions } from './aggregates/aggregates-options.js';
export {
  type AggregatesAsyncOptions,
  getAggregatesToken,
  getEventSourcedLogToken,
  InjectAggregates,
  InjectEventSourcedLog,
} from './module/aggregates-module.js';
export {
  AggregateType,
  type AggregateTypeOptions,
  UpcastEvent,
  UpcastSnapshot,
} from './aggregates/aggregate-type.decorator.js';
export {
  AggregateClosedError,
  AggregateEventCallError,
  AggregateInFlightError,
  AggregateNotFoundError,
  AggregateSequenceError,
  EventVersionError,
  InvalidAggregateError,
  UnknownAggregateTypeError,
} from './aggregates/errors.js';
export { EventSourcedLog, type LogReadOptions, type TriggerOptions } from './aggregates/event-sourced-log.js';
export type { AggregateEventOptions } from './aggregates/event-method.js';

export type { DeliveryFilter, DeliveryStatus } from './store/deliveries/delivery-filter.js';
export type { DeliveryCount, DeliveryCounts } from './store/views/delivery-counts.js';
export type { DeliveryView } from './store/views/delivery-queries.js';
export type { HandlerView } from './store/views/handler-views.js';
export { EventTables, type MigrateOptions } from './store/db/event-tables.js';
export { InvalidArchiveError } from './store/log/archive-errors.js';
export {
  EventArchive,
  type ExportOptions,
  type ExportProgress,
  type ImportOptions,
  type ImportReport,
} from './store/log/event-archive.js';
export { Retention, type RetentionReport } from './store/upkeep/retention.js';
export type { EventFilter, EventSearchOptions } from './store/views/event-filter.js';
export { EventSearch, type EventView } from './store/views/event-search.js';
export {
  type HandlerStatus,
  type LeaseStatus,
  LogStatus,
  type LogStatusView,
  type RunningVersion,
  type WorkerStatus,
} from './store/views/log-status.js';
export { UnsupportedDatabaseError } from './store/db/dialects.js';
export { DeliveryEntity, EventEntity } from './store/typeorm/entities.js';
export { EVENT_SOURCING_ENTITIES, eventSourcingEntities } from './store/typeorm/entity-schemas.js';
export { TransactionRequiredError } from './store/ports/errors.js';
export { type AppendOptions, EventLog, type ReadOptions } from './store/log/event-log.js';
export type { Decide, DecideOptions, Decision } from './store/log/decisions.js';
export { EventReading, IncompleteReadingError } from './store/log/event-reading.js';
export { NotificationLog } from './store/log/notification-log.js';
export { DecisionConflictError, DecisionIsolationError } from './store/ports/decision-errors.js';
export { tagOf } from './store/typeorm/entity-tag.js';
export type { HandledItem, RecordedItem, StreamItem, StreamOptions } from './store/commits/event-stream.js';
export type { EventData, LogOptions } from './store/log/logged-event.js';
export {
  ConcurrencyError,
  OpenTransactionError,
  SessionEndedError,
  TablesMissingError,
  UnsupportedDriverError,
} from './store/ports/errors.js';
export { PooledConnectionError } from './store/ports/signals.js';
export { SecondConnectionError } from './store/db/pool.js';
export { DatabaseNotReadyError } from './store/db/requirements.js';
export { type MissingMigration, type SchemaPolicy, SchemaNotReadyError } from './store/db/schema.js';
export { SqliteGateTimeoutError } from './store/dialects/sqlite/gate/errors.js';
export {
  EVENT_SOURCING_MIGRATIONS,
  eventSourcingMigrations,
  type EventSourcingMigrationsOptions,
  EventsWouldBeLostError,
} from './store/typeorm/typeorm-migrations.js';
export type { ReferenceRelations } from './store/typeorm/relations.js';
export { EntityWithoutIdError } from './store/typeorm/typeorm-entities.js';

// The rooms that have lists of their own: this file has its limit, too.
export * from './followers/exports.js';
export * from './transports/exports.js';
export * from './commands/exports.js';
export * from './module/transport-tokens.js';
