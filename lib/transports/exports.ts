// What of this room is in the public surface, lib/index.ts.
export type { MessageDestination, MessageSource } from '../core/event.js';
export { cloudEvents, type CloudEventsOptions } from './cloud-events.js';
export {
  BrokerAwayError,
  InvalidTransportUseError,
  MessageRefusedError,
  MessageTooLargeError,
  NotSentYetError,
  SerializerUnavailableError,
  TransportCapabilityError,
  UnreadableMessageError,
} from './errors.js';
export { json } from './json.js';
export { raw } from './raw.js';
export type { DeserializedMessage, SerializedEvent, Serializer } from './serializer.js';
export type {
  AssignedPartition,
  OutgoingMessage,
  PartitionPosition,
  ReceivedBatch,
  ReceivedMessage,
  Receiver,
  SendOutcome,
  StartPosition,
  SubscribeOptions,
  Subscription,
  TopicPartition,
  Transport,
  TransportCapabilities,
  TransportFactory,
  TransportKind,
} from './transport.js';
export type { ConsumerPlace, ConsumerStatus } from './consumer.js';
export { EventConsumer, type EventConsumerOptions } from './event-consumer.decorator.js';
export { QUARANTINED, type QuarantinedMessage } from './received-events.js';
export type {
  QuarantinedEntry,
  QuarantineFilter,
  QuarantineListOptions,
  QuarantineRetry,
} from './quarantine.js';
export { Transports, type TransportsStatus, type TransportStatus } from './transports.js';
export {
  EventEmitterService,
  type SendableEvent,
  type SendOptions,
  type SendResult,
} from './event-emitter-service.js';
export { EventProducer, type EventProducerOptions } from './event-producer.decorator.js';
