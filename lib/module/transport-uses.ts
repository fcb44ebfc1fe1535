import { InvalidTransportUseError } from '../transports/errors.js';
import { consumerOptionsOf, type EventConsumerOptions } from '../transports/event-consumer.decorator.js';
import type { Engine } from './engine.js';
import { unknownDataSource } from './event-classes.js';

/** Adds a provider with `@EventConsumer` to its engine. Throws what is wrong with it. */
export function addTransportUse(instance: object, engine: Engine, engines: readonly Engine[]): void {
  const options = consumerOptionsOf(instance.constructor);
  if (options && belongs(options, `@EventConsumer of ${instance.constructor.name}`, engine, engines))
    engine.parts.consumers.add(instance, options);
}

/** What is made for each request cannot receive anything outside of one. */
export function refuseScopedTransportUse(type: Function): void {
  if (!consumerOptionsOf(type)) return;
  throw new InvalidTransportUseError(
    `@EventConsumer of ${type.name}`,
    'its provider is request- or transient-scoped, or depends on one that is. Messages are received outside of requests: give it ' +
      'the default scope, and look up what is scoped through ModuleRef.',
  );
}

function belongs(
  options: { dataSource?: string },
  where: string,
  engine: Engine,
  engines: readonly Engine[],
): boolean {
  // Options that are none are refused with all the others.
  const { dataSource = 'default' } = (options as Partial<EventConsumerOptions> | null) ?? {};
  const reason = unknownDataSource(dataSource, engines);
  if (reason) throw new InvalidTransportUseError(where, reason);
  return dataSource === engine.name;
}
