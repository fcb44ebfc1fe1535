import type { DiscoveryService, ModuleRef } from '@nestjs/core';
import { type EventClass, eventTypeNameOf } from '../core/event-types.js';
import { InvalidEventTypeError } from '../event-types/errors.js';
import { eventTypeOptionsOf } from '../event-types/event-type.decorator.js';
import type { Engine } from './engine.js';
import { FeatureEvents } from './feature-events.js';
import { globalModuleRef } from './global-module-ref.js';

/**
 * Registers the application's event classes with an engine, beside those that its `forRoot` was given: of `forFeature`s
 * and providers, all that do not name another DataSource. Makes handlers of their `@OnEvent` methods.
 */
export async function registerEventClasses(
  engine: Engine,
  engines: readonly Engine[],
  discovery: DiscoveryService,
  moduleRef: ModuleRef,
): Promise<void> {
  const { types } = engine;
  const found = eventClasses(discovery);
  for (const type of [...found, ...engine.options.events]) assertDataSource(type, engines);
  for (const type of engine.options.events) assertBelongs(type, engine);
  await types.register(found.filter((type) => belongs(type, engine)));
  const anywhere = globalModuleRef(moduleRef);
  for (const { type, name } of types.types) engine.handlers.addOnClass(type, name, anywhere);
}

/** The classes that `registerEventClasses` will register, by their names: known before any provider was made. */
export function namedEventClasses(engine: Engine, discovery: DiscoveryService): Map<string, EventClass> {
  const own = eventClasses(discovery).filter((type) => belongs(type, engine));
  return new Map([...engine.options.events, ...own].map((type) => [eventTypeNameOf(type) ?? '', type]));
}

function eventClasses(discovery: DiscoveryService): EventClass[] {
  return discovery.getProviders().flatMap((wrapper): readonly EventClass[] => {
    const instance: unknown = wrapper.instance;
    if (instance instanceof FeatureEvents) return instance.types;
    return eventTypeNameOf(wrapper.metatype) === undefined ? [] : [wrapper.metatype as EventClass];
  });
}

function dataSourceOf(type: EventClass): string | undefined {
  return eventTypeNameOf(type) === undefined ? undefined : eventTypeOptionsOf(type).dataSource;
}

function belongs(type: EventClass, engine: Engine): boolean {
  return (dataSourceOf(type) ?? engine.name) === engine.name;
}

function assertBelongs(type: EventClass, engine: Engine): void {
  if (belongs(type, engine)) return;
  throw new InvalidEventTypeError(
    type.name,
    `it was given to the forRoot of DataSource "${engine.name}", and names "${dataSourceOf(type)}" itself.`,
  );
}

function assertDataSource(type: EventClass, engines: readonly Engine[]): void {
  const wanted = dataSourceOf(type);
  const known = engines.map(({ name }) => name);
  if (wanted === undefined || known.includes(wanted)) return;
  throw new InvalidEventTypeError(
    type.name,
    `its DataSource is "${wanted}", for which there is no EventSourcingModule.forRoot. Known: ${known.join(', ')}.`,
  );
}
