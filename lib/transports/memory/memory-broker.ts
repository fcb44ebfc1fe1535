import { whole } from '../../core/options/checks.js';
import { opt, type OptionsOf, resolved, type ResolvedOf } from '../../core/options/declare.js';
import { BrokerAwayError, MessageTooLargeError } from '../errors.js';
import type {
  OutgoingMessage,
  ReceivedMessage,
  Receiver,
  SendOutcome,
  SubscribeOptions,
  Subscription,
  TopicPartition,
  Transport,
  TransportFactory,
} from '../transport.js';
import { MemoryGroup } from './memory-group.js';
import { MemorySubscription } from './memory-subscription.js';
import { MemoryTopic } from './memory-topic.js';

export const MEMORY = {
  /** Partitions of each topic. Default `3`. */
  partitions: opt(whole(1, 1000), 3),
  /** Bytes of a message's value; larger ones are refused. Default `1000000`. */
  maxMessageBytes: opt(whole(1), 1_000_000),
};

export interface MemoryOptions extends OptionsOf<typeof MEMORY> {}

/** What a test puts into a topic. */
export interface MemoryMessage {
  key?: string | Uint8Array;
  /** Null: a tombstone. */
  value: string | Uint8Array | null;
  headers?: Record<string, string>;
  /** Default: now. */
  timestamp?: Date;
  /** Default: that of its key. */
  partition?: number;
}

/**
 * A broker in the memory of this process: partitions, keys, groups, offsets. Applications that are given the same one meet in it; it
 * is there until the process ends. Topics come into being when they are first named.
 */
export class MemoryBroker implements TransportFactory {
  readonly kind = 'memory';
  readonly capabilities = { positions: true, groupless: true };
  private readonly options: ResolvedOf<typeof MEMORY>;
  private readonly topics = new Map<string, MemoryTopic>();
  private readonly groups = new Map<string, MemoryGroup>();
  private readonly subscriptions = new Set<MemorySubscription>();
  private isAway = false;

  constructor(options?: MemoryOptions) {
    this.options = resolved(MEMORY, options, { where: 'memory' });
  }

  open(): Transport {
    return new MemoryTransport(this);
  }

  /** Makes a topic with its own number of partitions, or leaves the one that is there. */
  createTopic(name: string, partitions = this.options.partitions): void {
    this.topic(name, partitions);
  }

  /** Puts a message into a topic, as another system would. */
  publish(topic: string, message: MemoryMessage): ReceivedMessage {
    const { key, value, headers = {}, timestamp = new Date(), partition } = message;
    const bytes = key === undefined ? {} : { key: bytesOf(key) };
    const kept = { ...bytes, value: value === null ? null : bytesOf(value), headers, timestamp };
    const received = this.append(topic, kept, partition);
    this.wake();
    return received;
  }

  /** What is in a topic: partition by partition, each in its order. */
  messages(topic: string): ReceivedMessage[] {
    return this.topic(topic).partitions.flat();
  }

  /** The offset that the group has committed in a partition; undefined: none. */
  committed(group: string, place: TopicPartition): number | undefined {
    return this.groups.get(group)?.offset(place);
  }

  /** From now on it takes nothing, and whoever is subscribed is told that the broker is away. What it has, it keeps. */
  goAway(): void {
    this.isAway = true;
    for (const subscription of [...this.subscriptions]) subscription.fail(new BrokerAwayError('memory'));
  }

  comeBack(): void {
    this.isAway = false;
  }

  /** @internal */
  assertThere(): void {
    if (this.isAway) throw new BrokerAwayError('memory');
  }

  /** @internal */
  take(messages: readonly OutgoingMessage[]): SendOutcome[] {
    if (this.isAway) return messages.map(() => ({ kind: 'untaken', error: new BrokerAwayError('memory') }));
    const stopped = new Set<string>();
    const outcomes = messages.map((message) => this.takeOne(message, stopped));
    this.wake();
    return outcomes;
  }

  /** @internal */
  subscribe(options: SubscribeOptions, receiver: Receiver, left: (one: Subscription) => void): Subscription {
    this.assertThere();
    const topics = [...new Set(options.topics)].map((name) => this.topic(name));
    const group = options.group === null ? undefined : this.group(options.group);
    const subscription: MemorySubscription = new MemorySubscription(options, topics, receiver, group, () => {
      this.subscriptions.delete(subscription);
      group?.leave(subscription);
      left(subscription);
    });
    this.subscriptions.add(subscription);
    if (group) group.join(subscription);
    else
      subscription.give(
        topics.flatMap((topic) => topic.partitions.map((_, partition) => ({ topic, partition }))),
      );
    return subscription;
  }

  private takeOne(message: OutgoingMessage, stopped: Set<string>): SendOutcome {
    const topic = this.topic(message.topic);
    const key = message.key === undefined ? undefined : bytesOf(message.key);
    const partition = topic.partitionOf(key);
    const place = `${partition} ${topic.name}`;
    if (stopped.has(place))
      return { kind: 'untaken', error: new Error('a message before it in its partition was not taken') };
    const { maxMessageBytes } = this.options;
    if (message.value.byteLength > maxMessageBytes) {
      stopped.add(place);
      const error = new MessageTooLargeError(message.topic, message.value.byteLength, maxMessageBytes);
      return { kind: 'refused', error };
    }
    const { value, headers, timestamp } = message;
    topic.append(partition, { value, headers, timestamp, ...(key ? { key } : {}) });
    return { kind: 'taken' };
  }

  private append(
    name: string,
    message: Parameters<MemoryTopic['append']>[1],
    given?: number,
  ): ReceivedMessage {
    const topic = this.topic(name);
    const partition = given ?? topic.partitionOf(message.key);
    return topic.append(partition % topic.partitions.length, message);
  }

  private wake(): void {
    for (const subscription of this.subscriptions) subscription.wake();
  }

  private topic(name: string, partitions = this.options.partitions): MemoryTopic {
    const known = this.topics.get(name);
    if (known) return known;
    const topic = new MemoryTopic(name, partitions);
    this.topics.set(name, topic);
    return topic;
  }

  private group(name: string): MemoryGroup {
    const known = this.groups.get(name) ?? new MemoryGroup();
    this.groups.set(name, known);
    return known;
  }
}

/** What one application has of the broker. */
class MemoryTransport implements Transport {
  private readonly subscriptions = new Set<Subscription>();

  constructor(private readonly broker: MemoryBroker) {}

  async connect(): Promise<void> {
    this.broker.assertThere();
  }

  async send(messages: readonly OutgoingMessage[]): Promise<readonly SendOutcome[]> {
    return this.broker.take(messages);
  }

  async subscribe(options: SubscribeOptions, receiver: Receiver): Promise<Subscription> {
    const subscription = this.broker.subscribe(options, receiver, (one) => this.subscriptions.delete(one));
    this.subscriptions.add(subscription);
    return subscription;
  }

  async close(): Promise<void> {
    await Promise.all([...this.subscriptions].map((subscription) => subscription.close()));
  }
}

function bytesOf(value: string | Uint8Array): Uint8Array {
  return typeof value === 'string' ? Buffer.from(value) : value;
}
