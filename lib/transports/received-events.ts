import { describe } from '../core/describe.js';
import { errorText } from '../core/error-text.js';
import type { EventMetadata, EventOrigin } from '../core/event.js';
import type { EventTypes } from '../core/event-types.js';
import { isInstance, isTyped, messageOf } from '../core/thrown.js';
import { outsidePrefix } from '../core/event-input.js';
import { type Emission, emissionOf } from '../store/log/event-recorder.js';
import type { ConsumerDefinition } from './consumer-definition.js';
import { CAUSATION_ID, CORRELATION_ID, MESSAGE_ID, TRACE_HEADERS } from './headers.js';
import { SerializerUnavailableError, UnreadableMessageError } from './errors.js';
import { identityOf, orderKeyOf, originOf, readAgainIdentity } from './message-identity.js';
import type { DeserializedMessage } from './serializer.js';
import type { ReceivedMessage } from './transport.js';

/** The group of events that stand for messages which could not be read. */
export const QUARANTINED = 'transports.Quarantined';

/** What the groups of the log's own events begin with. */
const OWN_GROUPS = ['forgetting.', 'transports.'];

/** Characters of what is kept of a header in an event's metadata; that of a trace may have 512. */
const LONGEST_HEADER = 512;

/** What an event of the group `transports.Quarantined` holds. */
export interface QuarantinedMessage {
  /** Why the message could not be read. */
  readonly error: string;
  /** Of a typed error. */
  readonly code?: string;
  /** The message's bytes; absent where they are too many to be recorded. */
  readonly value?: Uint8Array;
  readonly key?: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** Messages as events to be recorded. */
export class ReceivedEvents {
  constructor(
    private readonly consumer: ConsumerDefinition,
    private readonly types: Pick<EventTypes, 'has' | 'prepare'>,
    /** Whether what failed did so for want of the database. */
    private readonly isWithoutDatabase: () => Promise<boolean>,
  ) {}

  /**
   * The event that a message is; undefined for a tombstone that is left out. What cannot be read is a quarantined event. Rejects where
   * the message is not at fault: then it is to be read again.
   */
  async of(message: ReceivedMessage): Promise<Emission | undefined> {
    if (message.value === null && this.consumer.tombstones === 'skip') return undefined;
    try {
      return await this.read(message);
    } catch (error) {
      if (await this.isElsewhere(error)) throw error;
      return this.quarantined(message, error);
    }
  }

  /** The event that a message is which was quarantined under that key. Rejects where it can still not be read. */
  again(message: ReceivedMessage, key: string): Promise<Emission> {
    const headers = { ...message.headers, [CAUSATION_ID]: key };
    return this.read({ ...message, headers }, readAgainIdentity(key));
  }

  /** In place of the event that a message would be. */
  quarantined(message: ReceivedMessage, error: unknown, withBytes = true): Emission {
    const { key, value, headers } = message;
    const data: QuarantinedMessage = {
      error: errorText(error),
      ...(isTyped(error) ? { code: error.code } : {}),
      ...(withBytes && value ? { value } : {}),
      ...(withBytes && key ? { key } : {}),
      headers: withBytes ? headers : {},
    };
    const identity = identityOf(message, this.idOf(message), this.originOf(message));
    return this.emission(message, { group: QUARANTINED, data }, identity);
  }

  /** What asks the database or a registry, such as a validator, fails while that is away: whatever the message says. */
  private async isElsewhere(error: unknown): Promise<boolean> {
    return (
      isInstance(error, SerializerUnavailableError) || (!isTyped(error) && (await this.isWithoutDatabase()))
    );
  }

  private async read(message: ReceivedMessage, given?: string): Promise<Emission> {
    const { group = message.topic, data, id, occurredAt } = await this.deserialized(message);
    if (isOfLibrary(group)) throw new UnreadableMessageError(`the group ${group} is the log's own`);
    const identity = given ?? identityOf(message, this.idOf(message, true) ?? id, this.originOf(message));
    const time = occurredAt ?? message.timestamp;
    const event = { group, data, ...(time ? { occurredAt: time } : {}) };
    return this.types.has(group)
      ? this.prepared(message, event, identity)
      : this.emission(message, event, identity);
  }

  /** Of a tombstone there is nothing to read. */
  private deserialized(message: ReceivedMessage): DeserializedMessage | Promise<DeserializedMessage> {
    const { value } = message;
    return value === null ? { data: null } : this.consumer.deserializer.deserialize({ ...message, value });
  }

  /** What its class says of it: validated, with the defaults that it has. */
  private async prepared(
    message: ReceivedMessage,
    { group, data, occurredAt }: { group: string; data: unknown; occurredAt?: Date },
    identity: string,
  ): Promise<Emission> {
    const { origin, details } = this.placed(message);
    const event = await this.types.prepare(group, data, {
      ...{ ...details, key: identity, origin },
      ...(occurredAt ? { occurredAt } : {}),
    });
    return emissionOf(event);
  }

  private emission(
    message: ReceivedMessage,
    event: { group: string; data: unknown; occurredAt?: Date },
    identity: string,
  ): Emission {
    const { origin, details } = this.placed(message);
    const input = { ...event, key: outsidePrefix(origin) + identity, ...details };
    return { input, origin, source: origin.transport };
  }

  private originOf({ topic }: ReceivedMessage): EventOrigin {
    const { link } = this.consumer;
    return originOf(link.factory.kind, link.name, topic);
  }

  private placed(message: ReceivedMessage) {
    const { topic, partition, offset, headers } = message;
    const origin = this.originOf(message);
    const orderKey = orderKeyOf(message.key);
    const metadata: Partial<EventMetadata> = {
      ...known(headers[CORRELATION_ID], (correlationId) => ({ correlationId })),
      ...known(headers[CAUSATION_ID], (causationId) => ({ causationId })),
      ...Object.fromEntries(
        TRACE_HEADERS.flatMap((name) => known(headers[name], (value) => [[name, value]]) ?? []),
      ),
      source: { transport: this.consumer.link.name, topic, partition, offset },
    };
    const details = { metadata, ...(orderKey === undefined ? {} : { orderKey }) };
    return { origin, details };
  }

  /** Of a message that cannot be read, the option `id` may have failed. */
  private idOf(message: ReceivedMessage, mayThrow = false): string | undefined {
    const byHeader = message.headers[MESSAGE_ID];
    try {
      const id: unknown = this.consumer.id?.(message) ?? byHeader;
      if (id === undefined || typeof id === 'string') return id;
      throw new Error(`it gave ${describe(id)}, not a string`);
    } catch (error) {
      if (mayThrow) throw new Error(`the option id failed: ${messageOf(error)}`, { cause: error });
      return byHeader;
    }
  }
}

/** Every event that a handler emits carries it on: what is longer is no id, and left out. */
function known<T>(value: string | undefined, of: (value: string) => T): T | undefined {
  return value === undefined || value === '' || value.length > LONGEST_HEADER ? undefined : of(value);
}

/** Nobody outside says that a person was forgotten, or that a message could not be read. */
function isOfLibrary(group: string): boolean {
  return typeof group === 'string' && OWN_GROUPS.some((prefix) => group.startsWith(prefix));
}
