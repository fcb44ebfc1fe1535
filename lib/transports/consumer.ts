import { errorLine } from '../core/error-text.js';
import { retryDelay, type RetryPolicy } from '../core/retry-policy.js';
import type { EventTypes } from '../core/event-types.js';
import type { Connectivity } from '../runtime/connectivity.js';
import { settledWithin } from '../runtime/deadline.js';
import { underFirstAborted } from '../runtime/first-aborted.js';
import type { OwnLogger } from '../runtime/logging.js';
import { Checkpoint, idOf } from './checkpoint.js';
import type { ConsumerDefinition } from './consumer-definition.js';
import { type Received, type Recorder, Recording } from './recording.js';
import { ReceivedEvents } from './received-events.js';
import type {
  AssignedPartition,
  PartitionPosition,
  ReceivedBatch,
  ReceivedMessage,
  Receiver,
  Subscription,
  TopicPartition,
} from './transport.js';

/** How what fails is tried again: for ever, at most 30 s apart. */
const AGAIN: RetryPolicy = {
  maxRetries: Infinity,
  interval: 200,
  backoff: 2,
  maxInterval: 30_000,
  jitter: 0.1,
};

export interface ConsumerParts {
  readonly types: Pick<EventTypes, 'has' | 'prepare'>;
  /** Records events in a transaction of their own. */
  readonly record: Recorder;
  readonly connectivity: Pick<Connectivity, 'explainsFailure' | 'reachable' | 'isLost'>;
  readonly logger: OwnLogger;
  readonly random: () => number;
  /** Milliseconds that a batch under way has at shutdown. */
  readonly shutdownTimeout: number;
}

/** How far a consumer of this process is in a partition. */
export interface ConsumerPlace extends PartitionPosition {
  /** The offset behind the last message. */
  readonly end: number;
  readonly lag: number;
}

/** How a consumer of this process is doing. */
export interface ConsumerStatus {
  readonly name: string;
  readonly transport: string;
  readonly topics: readonly string[];
  readonly group: string | null;
  readonly state: 'running' | 'waiting' | 'stopped';
  /** Why it does not go on now; absent where it does. */
  readonly failure?: string;
  /** Messages that it has decided on since the process started: recorded, known already, quarantined or left out. */
  readonly consumed: number;
  /** The partitions that it has. */
  readonly partitions: readonly ConsumerPlace[];
}

/** Receives what its topics hold, appends it to the log, and commits what is recorded. */
export class Consumer {
  private readonly events: ReceivedEvents;
  private readonly recording: Recording;
  private readonly checkpoint: Checkpoint;
  private readonly stopping = new AbortController();
  /** Where it is in the partitions that it has: where a subscription that is made anew goes on. */
  private readonly places = new Map<string, PartitionPosition>();
  private subscription?: Promise<Subscription>;
  private lost?: Lost;
  private isStopping = false;
  private going?: Promise<void>;
  private failed?: string;
  private consumed = 0;

  constructor(
    readonly definition: ConsumerDefinition,
    private readonly parts: ConsumerParts,
  ) {
    this.events = new ReceivedEvents(definition, parts.types, () => parts.connectivity.explainsFailure());
    this.recording = new Recording(this.events, parts.record);
    this.checkpoint = new Checkpoint(
      () => this.tell('onRecovered', () => definition.onRecovered()),
      () => this.tell('onCaughtUp', () => definition.onCaughtUp()),
    );
  }

  /** Why it does not go on now. */
  get failure(): string | undefined {
    return this.failed && `${this.definition.name}: ${this.failed}`;
  }

  async status(): Promise<ConsumerStatus> {
    const { name, link, topics, group } = this.definition;
    const failure = this.failed ?? link.failure;
    const state = !this.going || this.isStopping ? 'stopped' : failure ? 'waiting' : 'running';
    // One that is gone, or a broker that is, tells nothing.
    const asked = this.failed ? undefined : this.subscription?.then((one) => one.places());
    const places = (await asked?.catch(() => undefined)) ?? [];
    const partitions = places.map((place) => ({ ...place, lag: Math.max(0, place.end - place.next) }));
    const told = failure === undefined ? {} : { failure };
    return { name, transport: link.name, topics, group, state, ...told, consumed: this.consumed, partitions };
  }

  receives(transport: string, topic: string): boolean {
    const { link, topics } = this.definition;
    return link.name === transport && topics.includes(topic);
  }

  /** Records the event that a message is which was quarantined under that key. Rejects where it can still not be read. */
  async recordAgain(message: ReceivedMessage, key: string): Promise<void> {
    await this.parts.record([await this.events.again(message, key)]);
  }

  start(): void {
    this.going ??= this.goOn();
  }

  /** Receives nothing more, and waits for what is being recorded. */
  async stop(): Promise<void> {
    const { shutdownTimeout } = this.parts;
    this.isStopping = true;
    const closed = this.subscription?.then((one) => one.close()).catch(() => undefined);
    if (closed && this.parts.connectivity.isLost === false) await settledWithin(closed, shutdownTimeout);
    this.stopping.abort();
    this.lost?.tell();
    await closed;
    await this.going;
  }

  /** One subscription after the other, for as long as it is wanted. */
  private async goOn(): Promise<void> {
    for (let failures = 0; !this.isStopping;) {
      const lost = (this.lost = new Lost());
      try {
        this.subscription = this.subscribe(lost);
        const subscription = await this.subscription;
        failures = 0;
        this.failed = undefined;
        const reason = await lost.promise;
        if (!this.isStopping) await subscription.close();
        throw reason;
      } catch (error) {
        if (this.isStopping) return;
        await this.waitFor(error, ++failures);
      }
    }
  }

  private async subscribe(lost: Lost): Promise<Subscription> {
    const { link, topics, group, position } = this.definition;
    const transport = await link.ready();
    const places = [...this.places.values()];
    return transport.subscribe({ topics, group, position, places }, this.receiver(lost));
  }

  private receiver(lost: Lost): Receiver {
    return {
      assigned: (partitions: readonly AssignedPartition[]) => {
        for (const { topic, partition, next } of partitions) this.remember({ topic, partition, next });
        this.checkpoint.assigned(partitions);
      },
      revoked: (partitions: readonly TopicPartition[]) => {
        // Others go on with them.
        for (const one of partitions) this.places.delete(idOf(one));
        this.checkpoint.revoked(partitions);
      },
      received: (batch) => this.received(batch),
      failed: (error) => lost.tell(error),
    };
  }

  /** Until the broker is back, where it is away; else for a while. */
  private async waitFor(error: unknown, failures: number): Promise<void> {
    const { link } = this.definition;
    if (await link.connectivity.explainsFailure()) {
      await untilAborted(this.stopping.signal, link.connectivity.reachable());
      return;
    }
    this.complain('cannot be subscribed', error, failures);
    await this.pause(failures);
  }

  private async received(batch: ReceivedBatch): Promise<void> {
    const isOver = () => batch.signal.aborted || this.stopping.signal.aborted;
    let received: readonly Received[] | undefined;
    for (let failures = 0; !isOver();) {
      try {
        received ??= await this.read(batch.messages);
        await this.recording.record(received);
        this.failed = undefined;
        break;
      } catch (error) {
        await this.notRecorded(batch, error, ++failures);
      }
    }
    if (!isOver() || (received && this.recording.isDone(received))) await this.commit(batch);
  }

  private read(messages: readonly ReceivedMessage[]): Promise<Received[]> {
    return Promise.all(
      messages.map(async (message) => ({ message, emission: await this.events.of(message) })),
    );
  }

  /** The database is waited for, and nothing of the partition is received meanwhile. */
  private notRecorded(batch: ReceivedBatch, error: unknown, failures: number): Promise<void> {
    const { connectivity } = this.parts;
    return underFirstAborted([batch.signal, this.stopping.signal], async (gone) => {
      if (!(await connectivity.explainsFailure())) {
        this.complain('could not record what it received', error, failures);
        return this.pause(failures, gone);
      }
      // The batch may be of a subscription that is gone.
      const subscription = gone.aborted ? undefined : await this.subscription?.catch(() => undefined);
      subscription?.pause([batch]);
      await untilAborted(gone, connectivity.reachable());
      if (!gone.aborted) subscription?.resume([batch]);
    });
  }

  /** What could not be committed comes again, and is known then. */
  private async commit({ topic, partition, next, messages, signal }: ReceivedBatch): Promise<void> {
    if (signal.aborted) return;
    try {
      await (await this.subscription)?.commit([{ topic, partition, next }]);
    } catch (error) {
      this.parts.logger.warn(
        `Consumer ${this.definition.name}: the offset ${next} of ${topic}/${partition} could not be committed: ${errorLine(error)}`,
      );
    }
    this.consumed += messages.length;
    if (!signal.aborted) this.remember({ topic, partition, next });
    this.checkpoint.decided({ topic, partition, next });
  }

  private remember(place: PartitionPosition): void {
    this.places.set(idOf(place), place);
  }

  private pause(failures: number, signal: AbortSignal = this.stopping.signal): Promise<void> {
    const delay = retryDelay(AGAIN, failures, this.parts.random)!;
    return untilAborted(signal, new Promise((resolve) => setTimeout(resolve, delay).unref()));
  }

  /** Said once, until it goes on. */
  private complain(what: string, error: unknown, failures: number): void {
    this.failed = `it ${what}: ${errorLine(error)}`;
    if (failures > 1) return;
    this.parts.logger.error(`Consumer ${this.definition.name} ${what}, and tries again: ${errorLine(error)}`);
  }

  private tell(hook: string, call: () => unknown): void {
    void (async () => call())().catch((error: unknown) =>
      this.parts.logger.error(`Consumer ${this.definition.name}: ${hook} failed: ${errorLine(error)}`),
    );
  }
}

/** The end of a subscription, told by the transport or by who stops. */
class Lost {
  tell!: (error?: unknown) => void;
  readonly promise = new Promise<unknown>((resolve) => (this.tell = resolve));
}

/** Resolves with the promise, or when the signal is aborted. */
async function untilAborted(signal: AbortSignal, promise: Promise<void>): Promise<void> {
  if (signal.aborted) return;
  const over = new Lost();
  const tell = () => over.tell();
  signal.addEventListener('abort', tell, { once: true });
  await Promise.race([promise, over.promise]);
  signal.removeEventListener('abort', tell);
}
