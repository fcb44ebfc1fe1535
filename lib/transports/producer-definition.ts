import type { EventMetadata, RecordedEvent } from '../core/event.js';
import { type EventClass, eventTypeNameOf } from '../core/event-types.js';
import type { GroupPattern } from '../core/group-pattern.js';
import { must, oneOf, text, whole } from '../core/options/checks.js';
import { maybe, needed, opt, resolved } from '../core/options/declare.js';
import { serializer } from './consumer-definition.js';
import type { EventProducerOptions } from './event-producer.decorator.js';
import { json } from './json.js';
import type { Link } from './link.js';
import type { Links } from './links.js';
import type { Serializer } from './serializer.js';

type Match = GroupPattern | EventClass;
type Key = (event: RecordedEvent) => string | number | bigint | undefined;

/** Bytes of a name, so that it fits as that of a follower. */
const LONGEST_NAME = 128;

const isMatch = (value: unknown): boolean =>
  value instanceof RegExp ||
  (typeof value === 'string' && value !== '') ||
  eventTypeNameOf(value) !== undefined;

const filled = must<string>(
  'a string that is not empty',
  (value) => typeof value === 'string' && value !== '',
);

const OPTIONS = {
  transport: needed(text),
  match: needed(
    must<Match | readonly Match[]>(
      'a RegExp, a string that is not empty, a class with @EventType, or an array of one or more of these',
      (value) => (Array.isArray(value) ? value.length > 0 && value.every(isMatch) : isMatch(value)),
    ),
  ),
  topic: needed(filled),
  key: maybe(must<Key>('a function', (value) => typeof value === 'function')),
  serializer: maybe(serializer),
  onError: opt(oneOf('park', 'skip', 'stop'), 'park'),
  batchSize: opt(whole(1, 10_000), 500),
  name: maybe(
    must<string>(
      `1 to ${LONGEST_NAME} bytes`,
      (value) => typeof value === 'string' && value !== '' && Buffer.byteLength(value) <= LONGEST_NAME,
    ),
  ),
  dataSource: maybe(text),
};

/** What follows the log and sends. */
export interface ProducerDefinition {
  /** Of its follower. */
  readonly name: string;
  /** The class, for messages. */
  readonly label: string;
  readonly link: Link;
  readonly patterns: readonly GroupPattern[];
  readonly onError: 'park' | 'skip' | 'stop';
  readonly batchSize: number;
  /** Whether it sends an event that its patterns match, by what stands beside it. */
  sends(metadata: Pick<EventMetadata, 'source' | 'destination'>): boolean;
  topicOf(event: RecordedEvent): string;
  keyOf(event: RecordedEvent): string | undefined;
  serializerOf(topic: string): Serializer;
}

/** What a provider with `@EventProducer` is. Throws `UnknownOptionError`, `InvalidOptionError` or `InvalidTransportUseError`. */
export function producerDefinition(
  instance: object,
  options: EventProducerOptions,
  links: Links,
): ProducerDefinition & { readonly topic: string } {
  const label = instance.constructor.name;
  const where = `@EventProducer of ${label}`;
  const given = resolved(OPTIONS, options as Parameters<typeof resolved<typeof OPTIONS>>[1], { where });
  const {
    match,
    topic,
    key = keyByDefault,
    serializer: own = json(),
    onError,
    batchSize,
    name = label,
  } = given;
  const link = links.named(given.transport, where);
  const isThis = (place: unknown) => isOf(place, link.name, topic);
  return {
    ...{ name, label, link, topic, onError, batchSize },
    patterns: [match].flat().map((one) => eventTypeNameOf(one) ?? (one as GroupPattern)),
    // What is sent there explicitly is sent once; what came from there is there.
    sends: ({ source, destination }) => !isThis(source) && !isThis(destination),
    topicOf: () => topic,
    keyOf: (event) => key(event)?.toString(),
    serializerOf: () => own,
  };
}

/** What sends the events that have a destination in a transport. */
export function emitterDefinition(
  link: Link,
  producerOf: (topic: string) => ProducerDefinition | undefined,
): ProducerDefinition {
  return {
    ...{
      name: emitterName(link),
      label: 'EventEmitterService',
      link,
      patterns: ['*'],
      onError: 'park',
      batchSize: 500,
    },
    sends: ({ destination }) => destination?.transport === link.name,
    topicOf: ({ metadata }) => metadata.destination!.topic,
    keyOf: (event) => {
      const { topic, key } = event.metadata.destination!;
      return key ?? (producerOf(topic)?.keyOf ?? keyByDefault)(event);
    },
    serializerOf: (topic) => producerOf(topic)?.serializerOf(topic) ?? json(),
  };
}

/** The follower that sends what has a destination. */
export const emitterName = ({ name }: Link): string => `EventEmitterService.${name}`;

const keyByDefault = ({ orderKey, stream }: RecordedEvent): string | undefined => orderKey ?? stream;

function isOf(place: unknown, transport: string, topic: string): boolean {
  if (typeof place !== 'object' || place === null) return false;
  const given = place as { transport?: unknown; topic?: unknown };
  return given.transport === transport && given.topic === topic;
}
