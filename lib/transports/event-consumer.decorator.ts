import 'reflect-metadata';
import type { Serializer } from './serializer.js';
import type { ReceivedMessage, StartPosition } from './transport.js';

export interface EventConsumerOptions<T extends object = object> {
  /** What the transport is called in the option `transports`. */
  transport: string;
  /** What it receives: one topic or more. */
  topics: readonly string[];
  /**
   * Consumers of one group, in whatever process, share the topics, and go on where the group is. Null: this one receives everything, from
   * `position` on, each time it starts; what is in the log already is not recorded again.
   */
  group: string | null;
  /** Where it begins while its group has committed nothing: `'earliest'`, `'latest'` or a time. Default `'earliest'`. */
  position?: StartPosition;
  /** How messages become events. Default `json()`. */
  deserializer?: Serializer;
  /**
   * What becomes of a tombstone, a message without a value: it is left out (`'skip'`), or recorded as an event of the topic's name whose
   * data is null and whose `orderKey` is the message's key (`'record'`). Default `'skip'`.
   */
  tombstones?: 'skip' | 'record';
  /** What makes it the same message. Default: the header `message-id`, else the deserializer's id, else partition and offset. */
  id?: (message: ReceivedMessage) => string | undefined;
  /** Called once for each start, when all is decided up to where the group was at that start. Default: nothing is called. */
  onRecovered?: (consumer: T) => unknown;
  /** Called once for each start, when all is decided up to where the topics ended at that start. Default: nothing is called. */
  onCaughtUp?: (consumer: T) => unknown;
  /** Its name, in status and log lines. Default: that of the class. */
  name?: string;
  /** Name of the DataSource in whose log it records. Default: the default one. */
  dataSource?: string;
}

const CONSUMER = Symbol('event consumer');

/**
 * Makes a provider a consumer: what its topics receive is appended to the log, each message once, and its offset is committed
 * after that. What is to be done about the events is for handlers and followers.
 */
export function EventConsumer<T extends object = object>(options: EventConsumerOptions<T>): ClassDecorator {
  return (type) => Reflect.defineMetadata(CONSUMER, options, type);
}

/** What `@EventConsumer` noted on the class itself. */
export function consumerOptionsOf(type: Function): EventConsumerOptions | undefined {
  return Reflect.getOwnMetadata(CONSUMER, type) as EventConsumerOptions | undefined;
}
