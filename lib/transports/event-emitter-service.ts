import { randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import type { Clock } from '../core/clock.js';
import { describe } from '../core/describe.js';
import { type Duration, timerMilliseconds } from '../core/duration.js';
import { InvalidOptionError } from '../core/errors.js';
import { assertEventInput } from '../core/event-input.js';
import type { AppendResult, EventInput, EventMetadata, RecordedEvent } from '../core/event.js';
import { type EventClass, eventTypeNameOf, type EventTypes } from '../core/event-types.js';
import { assertKnownOptions } from '../core/options/known-options.js';
import { NoAnswerError, within } from '../runtime/deadline.js';
import { emissionContext } from '../store/commits/emission-context.js';
import { type Emission, emissionOf } from '../store/log/event-recorder.js';
import { BrokerAwayError, MessageRefusedError } from './errors.js';
import type { Link } from './link.js';
import type { Links } from './links.js';
import { outgoing, refusing } from './outgoing.js';
import { emitterDefinition, emitterName } from './producer-definition.js';
import type { ProducerSet } from './producer-set.js';
import type { SentEvents } from './sent-events.js';

const WHERE = 'EventEmitterService.send';
const OPTIONS = ['key', 'direct', 'transport', 'manager', 'timeout'];

export interface SendOptions {
  /** Of the message. Default: that of the topic's producer, else the event's order key. */
  key?: string;
  /** Send it past the log: nothing is recorded, and a crash loses it. Default false. */
  direct?: boolean;
  /** What the transport is called in the option `transports`. Default: the only one. */
  transport?: string;
  /** The event is recorded in this manager's transaction, and sent after its commit. */
  manager?: EntityManager;
  /** How long to wait for the broker. Default `'30s'`. */
  timeout?: Duration;
}

/** What became of an event that was to be sent. */
export interface SendResult {
  /** The event's key, and the message's id. */
  key: string;
  /** False where it was sent past the log, or its key was in the log already: then that event is waited for. */
  recorded: boolean;
}

/** An event to be sent that has no class: its key is made where it has none. */
export type SendableEvent<T = unknown> = Omit<EventInput<T>, 'key'> & { key?: string };

export interface EmitterParts {
  readonly links: Links;
  readonly producers: ProducerSet;
  readonly types: Pick<EventTypes, 'prepare'>;
  readonly clock: Clock;
  readonly sent: SentEvents;
  record(manager: EntityManager | undefined, emission: Emission): Promise<AppendResult>;
  /** Whether a transaction of the caller is open that `record` takes part in. */
  isInTransaction(): boolean;
  positionOf(key: string): Promise<number | undefined>;
  /** Resolves when the follower has passed the position. Rejects after so many milliseconds. */
  passed(follower: string, position: number, timeout: number): Promise<void>;
}

/** Sends events to a topic. */
export class EventEmitterService {
  constructor(private readonly parts: EmitterParts) {}

  /**
   * Records the event and sends it to the topic: resolves when the broker has it, and what is recorded is sent also after a crash. In a
   * transaction of the caller it resolves when it is recorded, and is sent after the commit. Producers of that topic leave it out. The
   * event is an instance of a class with `@EventType`, or `{ group, data }`. Throws what is wrong with it, `MessageRefusedError` where it can never be
   * sent, and `NotSentYetError` at the timeout; with `direct`, also what the broker says.
   */
  async send(event: object, topic: string, options: SendOptions = {}): Promise<SendResult> {
    assertKnownOptions(options, OPTIONS, WHERE);
    if (typeof topic !== 'string' || topic === '')
      throw new InvalidOptionError('topic', 'a string that is not empty', describe(topic), WHERE);
    const { links } = this.parts;
    const { transport, timeout = '30s' } = options;
    const link = transport === undefined ? links.only(WHERE) : links.named(transport, WHERE);
    const limit = timerMilliseconds(timeout, 'timeout', WHERE);
    const destination = {
      transport: link.name,
      topic,
      ...(options.key === undefined ? {} : { key: options.key }),
    };
    const emission = await this.emission(event, { destination });
    return options.direct
      ? this.atMost(limit, link, this.direct(emission, link, topic))
      : this.durably(emission, link, { topic, limit, ...options });
  }

  private async durably(
    emission: Emission,
    link: Link,
    { topic, limit, manager }: { topic: string; limit: number; manager?: EntityManager },
  ): Promise<SendResult> {
    const { parts } = this;
    const { key } = emission.input;
    if (manager || parts.isInTransaction()) {
      const { recorded } = await parts.record(manager, emission);
      return { key, recorded };
    }
    // Before it is recorded, since it may be sent at once.
    const waiting = parts.sent.wait(key, topic);
    try {
      const { recorded, event } = await parts.record(undefined, emission);
      const position = event?.position ?? (await parts.positionOf(key)) ?? 0;
      await waiting.until(limit, (left) => parts.passed(emitterName(link), position, left));
      return { key, recorded };
    } finally {
      waiting.end();
    }
  }

  /** A broker that has not answered by then is away. */
  private atMost<T>(limit: number, { name }: Link, sending: Promise<T>): Promise<T> {
    return within(limit, sending).catch((error: unknown) => {
      throw error instanceof NoAnswerError ? new BrokerAwayError(name, { cause: error }) : error;
    });
  }

  private async direct({ input }: Emission, link: Link, topic: string): Promise<SendResult> {
    const definition = emitterDefinition(link, (name) => this.parts.producers.of(link.name, name));
    const event = this.unrecorded(input);
    const key = await refusing(topic, 'its key could not be told', () => definition.keyOf(event));
    const message = await outgoing(event, key, definition);
    const transport = await link.ready();
    const [outcome] = await transport.send([message]);
    if (outcome!.kind === 'taken') return { key: input.key, recorded: false };
    throw outcome!.error instanceof Error
      ? outcome!.error
      : new MessageRefusedError(topic, describe(outcome!.error));
  }

  private async emission(event: object, metadata: Partial<EventMetadata>): Promise<Emission> {
    const { types } = this.parts;
    const type = event?.constructor as EventClass | undefined;
    if (eventTypeNameOf(type) !== undefined)
      return emissionOf(await types.prepare(type!, event, { metadata }));
    const given = event as SendableEvent;
    const input = {
      ...given,
      key: given?.key ?? randomUUID(),
      metadata: { ...given?.metadata, ...metadata },
    };
    assertEventInput(input);
    return { input, source: 'send' };
  }

  private unrecorded({ key, group, data, metadata, occurredAt, orderKey }: EventInput): RecordedEvent {
    const now = this.parts.clock.now();
    const cause = emissionContext.getStore();
    return {
      ...{ position: 0, key, group, data, occurredAt: occurredAt ?? now, recordedAt: now },
      metadata: {
        correlationId: cause?.correlationId ?? key,
        ...(cause ? { causationId: cause.key } : {}),
        ...metadata,
      },
      ...(orderKey === undefined ? {} : { orderKey }),
    };
  }
}
