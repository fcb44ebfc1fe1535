import type {
  PartitionPosition,
  ReceivedBatch,
  Receiver,
  SubscribeOptions,
  Subscription,
  TopicPartition,
} from '../transport.js';
import type { MemoryGroup, MemoryMember, MemoryPartition } from './memory-group.js';
import type { MemoryTopic } from './memory-topic.js';

/** Messages of one batch. */
const MOST = 500;

/** One partition that a subscription has. */
class Held {
  readonly revoking = new AbortController();
  isPaused = false;
  private isDelivering = false;
  private delivering: Promise<void> = Promise.resolve();

  constructor(
    readonly topic: MemoryTopic,
    readonly partition: number,
    /** The offset of the next message to be delivered. */
    public next: number,
    private readonly receiver: Receiver,
  ) {}

  get end(): number {
    return this.topic.end(this.partition);
  }

  /** Delivers what there is, one batch after the other. */
  wake(): void {
    if (this.isDelivering) return;
    this.isDelivering = true;
    this.delivering = this.deliver();
  }

  async ended(): Promise<void> {
    await this.delivering;
  }

  private async deliver(): Promise<void> {
    // Whoever sends does not wait for who receives.
    await Promise.resolve();
    while (!this.isPaused && !this.revoking.signal.aborted && this.next < this.end) {
      const batch = this.batch();
      await this.receiver.received(batch);
      this.next = batch.next;
    }
    this.isDelivering = false;
  }

  private batch(): ReceivedBatch {
    const { topic, partition, next } = this;
    const messages = topic.partitions[partition]!.slice(next, next + MOST);
    const { signal } = this.revoking;
    return { topic: topic.name, partition, messages, next: next + messages.length, signal };
  }
}

const idOf = ({ topic, partition }: TopicPartition) => `${partition} ${topic}`;

/** One member of a group, or one that has no group. */
export class MemorySubscription implements Subscription, MemoryMember {
  private readonly held = new Map<string, Held>();
  private isClosed = false;

  constructor(
    readonly options: SubscribeOptions,
    readonly topics: readonly MemoryTopic[],
    private readonly receiver: Receiver,
    private readonly group: MemoryGroup | undefined,
    private readonly left: () => void,
  ) {}

  /** From now on these partitions are its own, and no others. */
  give(partitions: readonly MemoryPartition[]): void {
    const wanted = new Map(
      partitions.map((one) => [idOf({ topic: one.topic.name, partition: one.partition }), one]),
    );
    const lost = [...this.held].filter(([id]) => !wanted.has(id));
    for (const [id, held] of lost) {
      held.revoking.abort();
      this.held.delete(id);
    }
    if (lost.length > 0)
      this.receiver.revoked(lost.map(([, { topic, partition }]) => ({ topic: topic.name, partition })));
    const gained = [...wanted].filter(([id]) => !this.held.has(id)).map(([id, one]) => this.hold(id, one));
    if (gained.length > 0) this.receiver.assigned(gained);
    this.wake();
  }

  has({ topic, partition }: MemoryPartition): boolean {
    return this.held.has(idOf({ topic: topic.name, partition }));
  }

  wake(): void {
    for (const held of this.held.values()) held.wake();
  }

  /** The broker is away. */
  fail(error: unknown): void {
    this.leave();
    this.receiver.failed(error);
  }

  async commit(positions: readonly PartitionPosition[]): Promise<void> {
    for (const position of positions) {
      if (this.held.has(idOf(position)) && this.group) this.group.commit(position);
    }
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const one of this.those(partitions)) one.isPaused = true;
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const one of this.those(partitions)) one.isPaused = false;
    this.wake();
  }

  async places(): Promise<readonly (PartitionPosition & { end: number })[]> {
    return [...this.held.values()].map((held) => {
      const place = { topic: held.topic.name, partition: held.partition };
      return { ...place, next: this.group?.committed(place) ?? held.next, end: held.end };
    });
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    const held = [...this.held.values()];
    for (const one of held) one.isPaused = true;
    await Promise.all(held.map((one) => one.ended()));
    this.leave();
  }

  private leave(): void {
    this.isClosed = true;
    for (const held of this.held.values()) held.revoking.abort();
    this.held.clear();
    this.left();
  }

  private hold(id: string, { topic, partition }: MemoryPartition) {
    const place = { topic: topic.name, partition };
    const committed = this.group?.committed(place);
    const next = committed ?? this.placeIn(place) ?? this.start(topic, partition);
    // Whoever has the partition next begins there, too, also where nothing was received of it.
    if (committed === undefined) this.group?.begin({ ...place, next });
    const held = new Held(topic, partition, next, this.receiver);
    this.held.set(id, held);
    return { ...place, next, end: held.end, ...(committed === undefined ? {} : { committed }) };
  }

  private placeIn(place: TopicPartition): number | undefined {
    return this.options.places?.find((one) => idOf(one) === idOf(place))?.next;
  }

  private start(topic: MemoryTopic, partition: number): number {
    const { position } = this.options;
    if (position === 'earliest') return 0;
    return position === 'latest' ? topic.end(partition) : topic.offsetAt(partition, position);
  }

  private those(partitions: readonly TopicPartition[]): Held[] {
    return partitions.flatMap((one) => this.held.get(idOf(one)) ?? []);
  }
}
