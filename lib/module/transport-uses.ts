import { InvalidTransportUseError } from '../transports/errors.js';
import { consumerOptionsOf } from '../transports/event-consumer.decorator.js';
import { producerOptionsOf } from '../transports/event-producer.decorator.js';
import type { Engine } from './engine.js';
import { unknownDataSource } from './event-classes.js';

/** Adds a provider with `@EventConsumer` or `@EventProducer` to its engine. Throws what is wrong with it. */
export function addTransportUse(instance: object, engine: Engine, engines: readonly Engine[]): void {
  const { constructor: type } = instance;
  const { consumers, producers } = engine.parts;
  const consumer = consumerOptionsOf(type);
  if (consumer && belongs(consumer, `@EventConsumer of ${type.name}`, engine, engines))
    consumers.add(instance, consumer);
  const producer = producerOptionsOf(type);
  if (producer && belongs(producer, `@EventProducer of ${type.name}`, engine, engines))
    producers.add(instance, producer);
}

/** What is made for each request cannot receive or send anything outside of one. */
export function refuseScopedTransportUse(type: Function): void {
  const decorators = [
    ...(consumerOptionsOf(type) ? ['@EventConsumer'] : []),
    ...(producerOptionsOf(type) ? ['@EventProducer'] : []),
  ];
  const [decorator] = decorators;
  if (decorator === undefined) return;
  throw new InvalidTransportUseError(
    `${decorator} of ${type.name}`,
    'its provider is request- or transient-scoped, or depends on one that is. Messages go on outside of requests: give it the ' +
      'default scope, and look up what is scoped through ModuleRef.',
  );
}

function belongs(
  options: { dataSource?: string } | null,
  where: string,
  engine: Engine,
  engines: readonly Engine[],
): boolean {
  // Options that are none are refused with all the others.
  const { dataSource = 'default' } = options ?? {};
  const reason = unknownDataSource(dataSource, engines);
  if (reason) throw new InvalidTransportUseError(where, reason);
  return dataSource === engine.name;
}
