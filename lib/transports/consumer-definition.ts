import { must, oneOf, text } from '../core/options/checks.js';
import { maybe, needed, opt, resolved } from '../core/options/declare.js';
import { TransportCapabilityError } from './errors.js';
import type { EventConsumerOptions } from './event-consumer.decorator.js';
import { json } from './json.js';
import type { Link } from './link.js';
import type { Links } from './links.js';
import type { Serializer } from './serializer.js';
import type { ReceivedMessage, StartPosition } from './transport.js';

const isName = (value: unknown): value is string => typeof value === 'string' && value !== '';

export const serializer = must<Serializer>(
  'a serializer: json(), cloudEvents(), raw() or one of your own',
  (value: Partial<Serializer> | null) =>
    typeof value?.serialize === 'function' && typeof value.deserialize === 'function',
);

const called = <F>() => must<F>('a function', (value) => typeof value === 'function');

const OPTIONS = {
  transport: needed(text),
  topics: needed(
    must<readonly string[]>(
      'one topic or more, strings that are not empty',
      (value) => Array.isArray(value) && value.length > 0 && value.every(isName),
    ),
  ),
  group: needed(
    must<string | null>('a string that is not empty, or null', (value) => value === null || isName(value)),
  ),
  position: opt(
    must<StartPosition>(
      "'earliest', 'latest' or a valid Date",
      (value) =>
        value === 'earliest' ||
        value === 'latest' ||
        (value instanceof Date && !Number.isNaN(value.getTime())),
    ),
    'earliest',
  ),
  deserializer: maybe(serializer),
  tombstones: opt(oneOf('skip', 'record'), 'skip'),
  id: maybe(called<(message: ReceivedMessage) => string | undefined>()),
  onRecovered: maybe(called<(consumer: object) => unknown>()),
  onCaughtUp: maybe(called<(consumer: object) => unknown>()),
  name: maybe(text),
  dataSource: maybe(text),
};

/** A consumer of this process, its options checked. */
export interface ConsumerDefinition {
  readonly name: string;
  readonly link: Link;
  readonly topics: readonly string[];
  readonly group: string | null;
  readonly position: StartPosition;
  readonly deserializer: Serializer;
  readonly tombstones: 'skip' | 'record';
  readonly id: ((message: ReceivedMessage) => string | undefined) | undefined;
  onRecovered(): unknown;
  onCaughtUp(): unknown;
}

/** What a provider with `@EventConsumer` is. Throws `UnknownOptionError`, `InvalidOptionError`, `InvalidTransportUseError` or `TransportCapabilityError`. */
export function consumerDefinition(
  instance: object,
  options: EventConsumerOptions,
  links: Links,
): ConsumerDefinition {
  const label = instance.constructor.name;
  const where = `@EventConsumer of ${label}`;
  const given = resolved(OPTIONS, options, { where });
  const { topics, group, position, deserializer = json(), tombstones, id, name = label } = given;
  const link = links.named(given.transport, where);
  const { positions, groupless } = link.factory.capabilities;
  if (!positions && position !== 'latest')
    throw new TransportCapabilityError(
      link.name,
      'begin anywhere but at its end',
      where,
      "Give position: 'latest'.",
    );
  if (!groupless && group === null)
    throw new TransportCapabilityError(link.name, 'be read without a group', where, 'Give group a name.');
  return {
    ...{ name, link, topics: [...new Set(topics)], group, position, deserializer, tombstones, id },
    onRecovered: () => given.onRecovered?.(instance),
    onCaughtUp: () => given.onCaughtUp?.(instance),
  };
}
