import type { DiscoveryService, ModuleRef } from '@nestjs/core';
import { type EventClass, eventTypeNameOf } from '../core/event-types.js';
import { InvalidEventTypeError } from '../event-types/errors.js';
import { eventTypeOptionsOf } from '../event-types/event-type-options.js';
import type { Engine } from './engine.js';
import { FeatureEvents } from './feature-events.js';

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
  const { types, handlers } = engine.parts;
  const found = eventClasses(discovery);
  for (const type of [...found, ...engine.options.events]) assertDataSource(type, engines);
  for (const type of engine.options.events) assertBelongs(type, engine);
  await types.register(found.filter((type) => belongs(type, engine)));
  const anywhere = globalModuleRef(moduleRef);
  for (const { type, name } of types.types) handlers.addOnClass(type, name, anywhere);
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

export function belongs(type: EventClass, engine: Engine): boolean {
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
  const reason = wanted === undefined ? undefined : unknownDataSource(wanted, engines);
  if (reason) throw new InvalidEventTypeError(type.name, reason);
}

/** Undefined where one of the engines is in that DataSource. */
export function unknownDataSource(name: string, engines: readonly Engine[]): string | undefined {
  const known = engines.map((engine) => engine.name);
  if (known.includes(name)) return undefined;
  return `its DataSource is "${name}", for which there is no EventSourcingModule.forRoot. Known: ${known.join(', ')}.`;
}

/** The reference, looking into all modules unless it is told otherwise: an event class belongs to none. */
export function globalModuleRef(moduleRef: ModuleRef): ModuleRef {
  const get = (token: never, options: object = {}): unknown =>
    moduleRef.get(token, { strict: false, ...options });
  const resolve = (token: never, contextId: never, options: object = {}): unknown =>
    moduleRef.resolve(token, contextId, { strict: false, ...options });
  return Object.assign(Object.create(moduleRef) as ModuleRef, { get, resolve });
}
