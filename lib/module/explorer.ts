import type { DiscoveryService, MetadataScanner, ModuleRef } from '@nestjs/core';
import { type EventClass, eventTypeNameOf } from '../core/event-types.js';
import { InvalidHandlerError } from '../handlers/errors.js';
import { type EventHandlerMetadata, eventHandlersOf } from '../handlers/event-handler.decorator.js';
import { InvalidFollowerError } from '../followers/errors.js';
import {
  type FollowerMetadata,
  followerOf,
  onPatternsOf,
  onResetOf,
} from '../followers/follower.decorator.js';
import { projectionOf } from '../followers/projection.js';
import { classesOf } from '../sources/entity-classes.js';
import { sourceMetadataOf } from '../sources/model-event-source.decorator.js';
import { addCommandHandlers } from './command-handlers.js';
import { addTransportUse, refuseScopedTransportUse } from './transport-uses.js';
import type { Engine } from './engine.js';
import { registerEventClasses, unknownDataSource } from './event-classes.js';

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
        this.addFollower(instance, engine, engines);
        addTransportUse(instance, engine, engines);
        for (const member of this.members(Object.getPrototypeOf(instance) as object | null)) {
          this.add(instance, member, engine, engines);
        }
      }
    }
    addCommandHandlers(engine, seen, this.discovery, this.moduleRef);
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
    if (own.length > 0) engine.parts.handlers.add(instance, method, own);
    for (const source of sourceMetadataOf(prototype, method)) {
      const isElsewhere = engines.some(
        (other) => other !== engine && classesOf(other.dataSource, source.entity).length > 0,
      );
      const isHere = classesOf(engine.dataSource, source.entity).length > 0;
      const wanted = source.options.dataSource;
      if (wanted === undefined ? isHere || !isElsewhere : wanted === engine.name)
        engine.parts.sources.add(instance, method, source);
    }
  }

  private addFollower(instance: object, engine: Engine, engines: readonly Engine[]): void {
    const metadata = followerOf(instance.constructor);
    const prototype = Object.getPrototypeOf(instance) as object | null;
    const methods = this.members(prototype).map(({ method }) => method);
    if (!metadata) return assertNoneFollows(instance.constructor.name, prototype, methods);
    // Options that are none are refused with all the others.
    const { dataSource = 'default' } = (metadata.options as FollowerMetadata['options'] | null) ?? {};
    const reason = unknownDataSource(dataSource, engines);
    if (reason) throw new InvalidFollowerError(instance.constructor.name, reason);
    if (dataSource !== engine.name) return;
    assertProjected(instance.constructor, engine);
    engine.parts.followerSet.add(instance, methods, metadata);
  }

  private members(prototype: object | null): Member[] {
    if (!prototype || prototype === Object.prototype) return [];
    return this.scanner.getAllMethodNames(prototype).map((method) => ({ prototype, method }));
  }

  /** Request- and transient-scoped providers have no instance that could handle anything outside a request. */
  private refuseScoped({ metatype }: Wrapper): void {
    const prototype = (metatype as { prototype?: object } | null)?.prototype;
    if (typeof metatype === 'function' && followerOf(metatype))
      throw new InvalidFollowerError(
        metatype.name,
        'its provider is request- or transient-scoped, or depends on one that is. Followers go on outside of requests: give it the ' +
          'default scope, and look up what is scoped through ModuleRef.',
      );
    if (typeof metatype === 'function') refuseScopedTransportUse(metatype);
    const methods = this.members(prototype ?? null).map(({ method }) => method);
    if (methods.length > 0) assertNoneFollows((metatype as { name: string }).name, prototype!, methods);
    for (const method of methods) {
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
function assertRegistered(pattern: EventHandlerMetadata['pattern'], label: string, { parts }: Engine): void {
  const name = eventTypeNameOf(pattern);
  if (name === undefined || parts.types.isRegistered(pattern as EventClass)) return;
  throw new InvalidHandlerError(
    label,
    `event class "${name}" is not registered: forRoot({ events: [...] }), forFeature({ events: [...] }) or providers.`,
  );
}

/** What it keeps needs a table. */
function assertProjected(type: Function, { dataSource, name }: Engine): void {
  const projection = projectionOf(type);
  if (!projection || dataSource.hasMetadata(projection.entity)) return;
  throw new InvalidFollowerError(
    type.name,
    `expected the entity of its @Projection to be one of the DataSource "${name}". Add it: TypeOrmModule.forFeature([...]).`,
  );
}

/** Its methods would never be called. */
function assertNoneFollows(label: string, prototype: object | null, methods: readonly string[]): void {
  const method = methods.find(
    (name) => onPatternsOf(prototype!, name).length > 0 || onResetOf(prototype!, name),
  );
  if (method === undefined) return;
  throw new InvalidFollowerError(
    `${label}.${method}`,
    `expected ${label} to be decorated with @Follower(name), since one of its methods is with @On or @OnReset.`,
  );
}

function assertDataSource(
  { options }: EventHandlerMetadata,
  label: string,
  engines: readonly Engine[],
): void {
  const reason = unknownDataSource(options.dataSource ?? 'default', engines);
  if (reason) throw new InvalidHandlerError(label, reason);
}
