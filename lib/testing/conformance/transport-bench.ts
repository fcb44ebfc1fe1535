import { deepStrictEqual } from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type {
  AssignedPartition,
  OutgoingMessage,
  PartitionPosition,
  ReceivedBatch,
  ReceivedMessage,
  SendOutcome,
  SubscribeOptions,
  Subscription,
  TopicPartition,
  Transport,
} from '../../transports/transport.js';

/** A broker that a transport is tried out on. */
export interface ConformanceBroker {
  open(): Transport;
  /** Makes a topic with so many partitions, and nothing in it. */
  createTopic(name: string, partitions: number): Promise<void>;
  /** Bytes of a value that the broker never takes. */
  readonly tooLarge: number;
  /** Takes the broker away and brings it back; absent where the suite cannot do that. */
  readonly outage?: { begin(): Promise<void>; end(): Promise<void> };
  close?(): Promise<void>;
}

/** A receiver that keeps what comes, and tells those who wait for it. */
export class Inbox {
  readonly batches: ReceivedBatch[] = [];
  readonly assignments: AssignedPartition[] = [];
  readonly revocations: TopicPartition[] = [];
  failure?: unknown;
  /** What is done with each batch before it counts as received. */
  handle: (batch: ReceivedBatch) => unknown = () => undefined;
  private readonly waiting = new Set<() => void>();

  get messages(): ReceivedMessage[] {
    return this.batches.flatMap(({ messages }) => messages);
  }

  get texts(): string[] {
    return this.messages.map(({ value }) => Buffer.from(value!).toString());
  }

  readonly receiver = {
    assigned: (partitions: readonly AssignedPartition[]) =>
      this.note(() => this.assignments.push(...partitions)),
    revoked: (partitions: readonly TopicPartition[]) => this.note(() => this.revocations.push(...partitions)),
    received: async (batch: ReceivedBatch) => {
      this.note(() => this.batches.push(batch));
      await this.handle(batch);
    },
    failed: (error: unknown) => this.note(() => (this.failure = error)),
  };

  /** Resolves as soon as that holds. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!holds()) return;
        this.waiting.delete(look);
        resolve();
      };
      this.waiting.add(look);
      look();
    });
  }

  private note(change: () => unknown): void {
    change();
    for (const look of this.waiting) look();
  }
}

export const message = (topic: string, text: string, key?: string): OutgoingMessage => ({
  topic,
  value: Buffer.from(text),
  headers: { 'message-id': text },
  timestamp: new Date('2026-01-02T03:04:05.678Z'),
  ...(key === undefined ? {} : { key }),
});

export const kinds = (outcomes: readonly SendOutcome[]) => outcomes.map(({ kind }) => kind);

/** What each check works with: transports and subscriptions that are closed after it. */
export class Bench {
  private readonly transports: Transport[] = [];

  constructor(private readonly broker: ConformanceBroker) {}

  open(): Transport {
    const transport = this.broker.open();
    this.transports.push(transport);
    return transport;
  }

  async topic(partitions = 1): Promise<string> {
    const name = `conformance-${randomUUID()}`;
    await this.broker.createTopic(name, partitions);
    return name;
  }

  async send(messages: readonly OutgoingMessage[]): Promise<void> {
    const transport = this.open();
    await transport.connect();
    deepStrictEqual(
      kinds(await transport.send(messages)),
      messages.map(() => 'taken'),
    );
  }

  async subscribe(
    options: Partial<SubscribeOptions> & Pick<SubscribeOptions, 'topics'>,
    inbox = new Inbox(),
  ): Promise<{ inbox: Inbox; subscription: Subscription; transport: Transport }> {
    const transport = this.open();
    await transport.connect();
    const all = { group: randomUUID(), position: 'earliest' as const, ...options };
    const subscription = await transport.subscribe(all, inbox.receiver);
    return { inbox, subscription, transport };
  }

  async close(): Promise<void> {
    await Promise.all(this.transports.map((transport) => transport.close()));
  }
}

/** One check of the suite. */
export type Check = (bench: Bench, broker: ConformanceBroker) => Promise<void>;

/** The offset behind a batch. */
export const behind = ({ topic, partition, next }: PartitionPosition): PartitionPosition => ({
  topic,
  partition,
  next,
});
