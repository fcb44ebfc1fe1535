import type { RecordedEvent } from '../core/event.js';
import type { ReceivedMessage } from './transport.js';

/** What a serializer makes of an event: what a message holds. */
export interface SerializedEvent {
  readonly value: Uint8Array;
  /** Beside those that the library writes: `message-id`, `correlation-id`, `causation-id`, `traceparent`, `tracestate`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a serializer reads in a message. */
export interface DeserializedMessage {
  readonly data: unknown;
  /** The event's group. Default: the topic. */
  readonly group?: string;
  /** What makes it the same message, where it has no header `message-id`. Default: its partition and offset. */
  readonly id?: string;
  /** When it happened. Default: the message's own time. */
  readonly occurredAt?: Date;
}

/** PORT. How events become messages, and messages events. It keeps nothing of either; both ways may be promises. */
export interface Serializer {
  /** For messages. */
  readonly name: string;
  /** Throws where the event cannot be sent: then it is parked. With `SerializerUnavailableError` it waits. */
  serialize(event: RecordedEvent, topic: string): SerializedEvent | Promise<SerializedEvent>;
  /** Throws where the bytes cannot be read: then they are recorded as a quarantined event. With `SerializerUnavailableError` they wait. */
  deserialize(
    message: ReceivedMessage & { readonly value: Uint8Array },
  ): DeserializedMessage | Promise<DeserializedMessage>;
}
