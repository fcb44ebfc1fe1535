import { EventSourcingError } from '../core/errors.js';

/**
 * A broker cannot be reached. What is in the log is sent, and what was to be received is received, when it is back. What was sent past
 * the log is the caller's to send again.
 */
export class BrokerAwayError extends EventSourcingError {
  readonly code = 'BROKER_AWAY';

  constructor(
    /** What the transport is called. */
    readonly transport: string,
    options?: ErrorOptions,
  ) {
    super(
      `The broker of transport "${transport}" cannot be reached. What is in the log is sent when it is back; what was sent past the ` +
        'log is to be sent again.',
      options,
    );
  }
}

/** A message that can never be sent as it is. */
export class MessageRefusedError extends EventSourcingError {
  readonly code: string = 'MESSAGE_REFUSED';

  constructor(
    readonly topic: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(`A message to topic ${topic} was not sent, and will not be as it is: ${reason}`, options);
  }
}

/** A broker takes no messages of that size. */
export class MessageTooLargeError extends MessageRefusedError {
  override readonly code = 'MESSAGE_TOO_LARGE';

  constructor(
    topic: string,
    readonly bytes: number,
    readonly limit: number,
  ) {
    super(
      topic,
      `it has ${bytes} bytes, and the broker takes ${limit} at most. Send less, or raise the broker's limit.`,
    );
  }
}

/** A message whose bytes are not what the consumer's deserializer reads. It is recorded as a quarantined event. */
export class UnreadableMessageError extends EventSourcingError {
  readonly code = 'UNREADABLE_MESSAGE';

  constructor(reason: string, options?: ErrorOptions) {
    super(`The message cannot be read: ${reason}`, options);
  }
}

/**
 * A serializer needs something else than the message, such as a schema registry, and that is away. No message is at fault: what was
 * received is read again until it can be, and what is to be sent waits. A serializer of your own throws it, too.
 */
export class SerializerUnavailableError extends EventSourcingError {
  readonly code = 'SERIALIZER_UNAVAILABLE';

  constructor(
    /** The serializer's name. */
    readonly serializer: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(`The serializer "${serializer}" cannot work now, and is tried again: ${reason}`, options);
  }
}

/** Something was asked of a broker that it cannot do. */
export class TransportCapabilityError extends EventSourcingError {
  readonly code = 'TRANSPORT_CAPABILITY';

  constructor(
    readonly transport: string,
    readonly capability: string,
    readonly where: string,
    advice: string,
  ) {
    super(`${where}: transport "${transport}" cannot ${capability}. ${advice}`);
  }
}

/** A class that cannot be a consumer or a producer: named, with the reason. */
export class InvalidTransportUseError extends EventSourcingError {
  readonly code = 'INVALID_TRANSPORT_USE';

  constructor(
    /** `@EventConsumer of Class`, `@EventProducer of Class` or a call. */
    readonly where: string,
    readonly reason: string,
  ) {
    super(`${where}: ${reason}`);
  }
}

/** An event was recorded, and is not at the broker yet: it is sent as soon as that is possible. */
export class NotSentYetError extends EventSourcingError {
  readonly code = 'NOT_SENT_YET';

  constructor(
    readonly key: string,
    readonly topic: string,
    /** Milliseconds. */
    readonly limit: number,
  ) {
    super(
      `Event ${key} was recorded, and topic ${topic} did not have it within ${limit} ms. It is sent as soon as that is possible: do ` +
        'not record it again.',
    );
  }
}
