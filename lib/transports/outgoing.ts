import { describe } from '../core/describe.js';
import { errorLine } from '../core/error-text.js';
import type { RecordedEvent } from '../core/event.js';
import { isInstance } from '../core/thrown.js';
import { MessageRefusedError, SerializerUnavailableError } from './errors.js';
import { CAUSATION_ID, CORRELATION_ID, MESSAGE_ID, TRACE_HEADERS } from './headers.js';
import type { ProducerDefinition } from './producer-definition.js';
import type { OutgoingMessage } from './transport.js';

/** The event as a message. Throws `MessageRefusedError`: it can never be sent as it is. */
export async function outgoing(
  event: RecordedEvent,
  key: string | undefined,
  { topicOf, serializerOf }: Pick<ProducerDefinition, 'topicOf' | 'serializerOf'>,
): Promise<OutgoingMessage> {
  const topic = topicOf(event);
  const { value, headers } = await refusing(topic, 'its serializer failed', () =>
    serializerOf(topic).serialize(event, topic),
  );
  if (!(value instanceof Uint8Array))
    throw new MessageRefusedError(topic, `its serializer gave ${describe(value)}, expected bytes.`);
  return {
    ...{ topic, value, timestamp: event.occurredAt, headers: { ...headers, ...ownHeaders(event) } },
    ...(key === undefined ? {} : { key }),
  };
}

/** What the work gives; what it throws is why the message can never be sent, unless it says that it cannot work now. */
export async function refusing<T>(topic: string, what: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isInstance(error, MessageRefusedError) || isInstance(error, SerializerUnavailableError)) throw error;
    throw new MessageRefusedError(topic, `${what}: ${errorLine(error)}`, { cause: error });
  }
}

function ownHeaders({ key, metadata }: RecordedEvent): Record<string, string> {
  const { correlationId, causationId } = metadata;
  const traced = TRACE_HEADERS.flatMap((name) => {
    const value = metadata[name];
    return typeof value === 'string' ? [[name, value]] : [];
  });
  return {
    [MESSAGE_ID]: key,
    [CORRELATION_ID]: correlationId,
    ...(causationId === undefined ? {} : { [CAUSATION_ID]: causationId }),
    ...(Object.fromEntries(traced) as Record<string, string>),
  };
}
