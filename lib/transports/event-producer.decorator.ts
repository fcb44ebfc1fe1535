import 'reflect-metadata';
import type { RecordedEvent } from '../core/event.js';
import type { EventClass } from '../core/event-types.js';
import type { GroupPattern } from '../core/group-pattern.js';
import type { Serializer } from './serializer.js';

export interface EventProducerOptions {
  /** What the transport is called in the option `transports`. */
  transport: string;
  /** Which events it sends: patterns of event groups, or classes with `@EventType`. */
  match: GroupPattern | EventClass | readonly (GroupPattern | EventClass)[];
  /** The topic that it sends to. What came from that topic is not sent to it. */
  topic: string;
  /**
   * The message's key: messages of one key arrive in the log's order. Undefined: it has none. Default: the event's order key, else
   * the stream of its aggregate.
   */
  // A producer may declare the data of the events that it matches.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  key?: (event: RecordedEvent<any>) => string | number | bigint | undefined;
  /** How events become messages. Default `json()`. */
  serializer?: Serializer;
  /**
   * When a message can never be sent: `'park'`, keep it and the later ones of its key back, and try again ever less often (default);
   * `'skip'`, leave it out, with a record; `'stop'`, send nothing more until somebody says so.
   */
  onError?: 'park' | 'skip' | 'stop';
  /** Events of the log that are sent at a time, at most. Default 500. */
  batchSize?: number;
  /** The name of its follower: its position is kept under it. Default: that of the class. */
  name?: string;
  /** Name of the DataSource whose log it sends. Default: the default one. */
  dataSource?: string;
}

const PRODUCER = Symbol('event producer');

/**
 * Makes a provider a producer: a follower of the log that sends each matching event to a topic, from the start of the log on, at least
 * once and with the same `message-id` each time.
 */
export function EventProducer(options: EventProducerOptions): ClassDecorator {
  return (type) => Reflect.defineMetadata(PRODUCER, options, type);
}

/** What `@EventProducer` noted on the class itself. */
export function producerOptionsOf(type: Function): EventProducerOptions | undefined {
  return Reflect.getOwnMetadata(PRODUCER, type) as EventProducerOptions | undefined;
}
