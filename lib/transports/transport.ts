/** Ways of events into the log and out of it. Each is a way that keys of events from outside may begin with. */
export type TransportKind = 'kafka' | 'memory' | 'nats' | 'rabbitmq';

/** What a broker can do beside sending and receiving. */
export interface TransportCapabilities {
  /** A subscription can begin elsewhere than at its end: at the start, or at a time. */
  readonly positions: boolean;
  /** One can subscribe without a group: then all of the topics is received, and nothing is committed. */
  readonly groupless: boolean;
}

/** PORT. A broker, as an application names it in its option `transports`; its transports are opened and closed by the application. */
export interface TransportFactory {
  readonly kind: TransportKind;
  readonly capabilities: TransportCapabilities;
  /** The application does not start while the broker cannot be reached. Default: it starts, and goes on when the broker is there. */
  readonly required?: boolean;
  /** Connects to nothing yet. */
  open(): Transport;
}

/** One message to be sent. */
export interface OutgoingMessage {
  readonly topic: string;
  /** Messages of one key are of one partition. Without one, of any. */
  readonly key?: string;
  readonly value: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  readonly timestamp: Date;
}

/** What became of one message that was to be sent. */
export type SendOutcome =
  /** The broker has it, and keeps it as durably as it is set up to. */
  | { readonly kind: 'taken' }
  /** It can never be taken: too large, say. */
  | { readonly kind: 'refused'; readonly error: unknown }
  /** It was not taken this time. It may be there all the same where the answer was lost. */
  | { readonly kind: 'untaken'; readonly error: unknown };

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** One message, as the broker has it. */
export interface ReceivedMessage extends TopicPartition {
  /** Its place in the partition: rising, not dense. */
  readonly offset: number;
  readonly key?: Uint8Array;
  /** Null: a tombstone. */
  readonly value: Uint8Array | null;
  readonly headers: Readonly<Record<string, string>>;
  /** By the producer's word, or else by the broker's; undefined where neither says. */
  readonly timestamp?: Date;
}

/** Messages of one partition, in its order. */
export interface ReceivedBatch extends TopicPartition {
  readonly messages: readonly ReceivedMessage[];
  /** The offset behind the batch: what is committed when all of it is decided. */
  readonly next: number;
  /** Aborted when the partition is not this subscription's any more. */
  readonly signal: AbortSignal;
}

/** An offset behind which a partition is to be read on. */
export interface PartitionPosition extends TopicPartition {
  readonly next: number;
}

/** A partition, as it was given to a subscription. */
export interface AssignedPartition extends PartitionPosition {
  /** What its group had committed; undefined: nothing. */
  readonly committed?: number;
  /** The offset behind its last message. */
  readonly end: number;
}

/** Where a subscription begins: what its group has committed goes before that. */
export type StartPosition = 'latest' | 'earliest' | Date;

export interface SubscribeOptions {
  readonly topics: readonly string[];
  /** Members of one group share the partitions. Null: all partitions, and nothing is committed. */
  readonly group: string | null;
  readonly position: StartPosition;
  /**
   * Where the subscriber was before. A partition of which its group has committed nothing, or that has no group, is read on from there
   * and not from `position`. Default: none.
   */
  readonly places?: readonly PartitionPosition[];
}

/** Who receives. Its methods never throw. */
export interface Receiver {
  /** These partitions are this subscription's from now on. */
  assigned(partitions: readonly AssignedPartition[]): void;
  revoked(partitions: readonly TopicPartition[]): void;
  /** The next batch of the partition comes when this has resolved. Never rejects. */
  received(batch: ReceivedBatch): Promise<void>;
  /** Nothing will be received any more: the subscription is closed then, and made anew. Called at most once. */
  failed(error: unknown): void;
}

/** What one receiver is subscribed to. */
export interface Subscription {
  /** Of a partition that is not this subscription's any more, and below what is committed, nothing is done. */
  commit(positions: readonly PartitionPosition[]): Promise<void>;
  /** Nothing more is received of these, and they stay this subscription's. */
  pause(partitions: readonly TopicPartition[]): void;
  resume(partitions: readonly TopicPartition[]): void;
  /** Where this subscription is in each of its partitions, and where these end. */
  places(): Promise<readonly (PartitionPosition & { readonly end: number })[]>;
  /** Receives nothing more, waits for what is being received, and lets others of the group have its partitions. */
  close(): Promise<void>;
}

/** PORT. What one application has of a broker. */
export interface Transport {
  /** Makes sure that the broker answers; connects where that was not done yet. Rejects where it does not. */
  connect(): Promise<void>;
  /**
   * One outcome for each message, in order; never rejects. The messages of a partition are taken in order, and none behind one that was
   * not taken.
   */
  send(messages: readonly OutgoingMessage[]): Promise<readonly SendOutcome[]>;
  /** Rejects where the broker cannot be reached, or has no such topic. */
  subscribe(options: SubscribeOptions, receiver: Receiver): Promise<Subscription>;
  /** Closes its subscriptions, too. */
  close(): Promise<void>;
}
