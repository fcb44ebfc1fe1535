import type { DiscoveryService, MetadataScanner, ModuleRef } from '@nestjs/core';
import { type EventClass, eventTypeNameOf } from '../core/event-types.js';
import { InvalidHandlerError } from '../handlers/errors.js';
import { type EventHandlerMetadata, eventHandlersOf } from '../handlers/event-handler.decorator.js';
import { classesOf } from '../sources/entity-classes.js';
import { sourceMetadataOf } from '../sources/model-event-source.decorator.js';
import type { Engine } from './engine.js';
import { registerEventClasses } from './event-classes.js';

type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** What one provider's method is decorated with. */
interface Member {
  prototype: object;
  method: string;
}

/** Finds the event classes, model event sources and event handlers among the application's providers. */
export class Explorer {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly moduleRef: ModuleRef,
  ) {}

  /** Adds to the engine what is meant for its DataSource. Throws when a provider cannot be one. */
  async explore(engine: Engine, engines: readonly Engine[]): Promise<void> {
    await registerEventClasses(engine, engines, this.discovery, this.moduleRef);
    const seen = new Set<object>();
    for (const wrapper of [...this.discovery.getProviders(), ...this.discovery.getControllers()]) {
      const instance = instanceOf(wrapper);
      if (!instance) this.refuseScoped(wrapper);
      else if (!seen.has(instance)) {
        seen.add(instance);
        for (const member of this.members(Object.getPrototypeOf(instance) as object | null)) {
          this.add(instance, member, engine, engines);
        }
      }
    }
  }

  private add(
    instance: object,
    { prototype, method }: Member,
    engine: Engine,
    engines: readonly Engine[],
  ): void {
    const label = `${instance.constructor.name}.${method}`;
    const handlers = eventHandlersOf(prototype, method);
    for (const handler of handlers) assertDataSource(handler, label, engines);
    const own = handlers.filter(({ options }) => (options.dataSource ?? 'default') === engine.name);
    for (const { pattern } of own) assertRegistered(pattern, label, engine);
    if (own.length > 0) engine.handlers.add(instance, method, own);
    for (const source of sourceMetadataOf(prototype, method)) {
      const isElsewhere = engines.some(
        (other) => other !== engine && classesOf(other.dataSource, source.entity).length > 0,
      );
      const isHere = classesOf(engine.dataSource, source.entity).length > 0;
      const wanted = source.options.dataSource;
      if (wanted === undefined ? isHere || !isElsewhere : wanted === engine.name)
        engine.sources.add(instance, method, source);
    }
  }

  private members(prototype: object | null): Member[] {
    if (!prototype || prototype === Object.prototype) return [];
    return this.scanner.getAllMethodNames(prototype).map((method) => ({ prototype, method }));
  }

  /** Request- and transient-scoped providers have no instance that could handle anything outside a request. */
  private refuseScoped({ metatype }: Wrapper): void {
    const prototype = (metatype as { prototype?: object } | null)?.prototype;
    for (const { method } of this.members(prototype ?? null)) {
      if (
        eventHandlersOf(prototype!, method).length === 0 &&
        sourceMetadataOf(prototype!, method).length === 0
      )
        continue;
      throw new InvalidHandlerError(
        `${(metatype as { name: string }).name}.${method}`,
        'its provider is request- or transient-scoped, or depends on one that is. Events are handled outside of requests: ' +
          'give it the default scope, and look up what is scoped through ModuleRef.',
      );
    }
  }
}

function instanceOf(wrapper: Wrapper): object | undefined {
  if (wrapper.isTransient || !wrapper.isDependencyTreeStatic()) return undefined;
  const instance: unknown = wrapper.instance;
  return typeof instance === 'object' && instance !== null ? instance : undefined;
}

/** What a handler's data is an instance of, somebody has to make. */
function assertRegistered(pattern: EventHandlerMetadata['pattern'], label: string, { types }: Engine): void {
  const name = eventTypeNameOf(pattern);
  if (name === undefined || types.isRegistered(pattern as EventClass)) return;
  throw new InvalidHandlerError(
    label,
    `event class "${name}" is not registered: forRoot({ events: [...] }), forFeature({ events: [...] }) or providers.`,
  );
}

function assertDataSource(
  { options }: EventHandlerMetadata,
  label: string,
  engines: readonly Engine[],
): void {
  const name = options.dataSource ?? 'default';
  const known = engines.map((engine) => engine.name);
  if (known.includes(name)) return;
  throw new InvalidHandlerError(
    label,
    `its DataSource is "${name}", for which there is no EventSourcingModule.forRoot. Known: ${known.join(', ')}.`,
  );
}
