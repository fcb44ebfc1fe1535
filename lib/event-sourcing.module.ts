import { type DynamicModule, Module, type ModuleMetadata, type Provider } from '@nestjs/common';
import { DiscoveryModule, DiscoveryService, HttpAdapterHost, MetadataScanner, ModuleRef } from '@nestjs/core';
import { SchedulerRegistry } from '@nestjs/schedule';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { describe } from './core/describe.js';
import { InvalidOptionError } from './core/errors.js';
import type { EventClass } from './core/event-types.js';
import { assertKnownOptions } from './core/options/known-options.js';
import { NO_TELEMETRY } from './core/telemetry.js';
import type { HttpRouteOptions } from './http/http-options.js';
import { type DoorModule, doorModule, httpOfFactory } from './module/door-module.js';
import { Engine } from './module/engine.js';
import { exitInOrder } from './module/exit.js';
import { FeatureEvents } from './module/feature-events.js';
import { Lifecycle } from './module/lifecycle.js';
import {
  type EventSourcingAsyncOptions,
  type EventSourcingFactoryOptions,
  type EventSourcingOptions,
  type EventSourcingOptionsFactory,
  eventClasses,
  type ResolvedOptions,
  resolveOptions,
} from './module/options.js';
import { RescanSchedule } from './module/rescan-schedule.js';
import {
  dataSourceToken,
  engineToken,
  getDeliveriesToken,
  getEventLogToken,
  getRescanToken,
  optionsToken,
} from './module/tokens.js';
import { moduleEntities } from './store/typeorm/entity-schemas.js';
import { registeredTelemetry } from './telemetry/registered-telemetry.js';

const FEATURE = 'EventSourcingModule.forFeature';

/** What `forFeature` adds: event classes, and providers with sources and handlers, as a module of their own. */
export interface EventSourcingFeature extends Pick<ModuleMetadata, 'imports' | 'providers' | 'exports'> {
  /** Event classes: those decorated with `@EventType`. */
  events?: readonly EventClass[];
}

/**
 * Durable events on the application's TypeORM DataSource: model event sources, handlers, the log.
 *
 * Import `forRoot` once for each DataSource that has a log, beside `TypeOrmModule.forRoot`. It is global: `EventLog`,
 * `Deliveries` and `Rescan` can be injected anywhere, sources and handlers are found among all providers.
 */
@Module({})
export class EventSourcingModule {
  static forRoot(options: EventSourcingOptions = {}): DynamicModule {
    return composed(
      options,
      [{ provide: optionsToken(options.dataSource), useFactory: () => resolveOptions(options) }],
      [],
      doorModule(options.http, options.dataSource, 'EventSourcingModule.forRoot'),
    );
  }

  /**
   * `dataSource`, `prefix`, `schemaName` and of `http` the path and the guards are given beside the factory, since they
   * have to be known at once.
   */
  static forRootAsync(async: EventSourcingAsyncOptions): DynamicModule {
    const { dataSource, imports = [], extraProviders = [], http } = async;
    const door = doorModule(http, dataSource, 'EventSourcingModule.forRootAsync');
    return composed(async, [...asyncOptionProviders(async), ...extraProviders], imports, door);
  }

  /**
   * Event classes, and providers with sources and handlers, of one feature; providers may as well stand in any module's
   * `providers`. Throws `UnknownOptionError` or `InvalidOptionError`.
   */
  static forFeature(feature: EventSourcingFeature): DynamicModule {
    assertKnownOptions(feature, ['imports', 'providers', 'exports', 'events'], FEATURE);
    const { imports = [], providers = [], exports = [] } = feature;
    const events = new FeatureEvents(eventClasses(feature.events ?? [], 'events', FEATURE));
    return {
      module: EventSourcingModule,
      imports,
      providers: [...providers, { provide: FeatureEvents, useValue: events }],
      exports,
    };
  }
}

/** What has to be known before the options are: they are made when the DataSource is there. */
type Naming = Pick<EventSourcingOptions, 'dataSource' | 'prefix' | 'schemaName'>;

function composed(
  { dataSource, prefix, schemaName }: Naming,
  options: Provider[],
  imports: NonNullable<DynamicModule['imports']>,
  door: DoorModule,
): DynamicModule {
  const surface = [getEventLogToken(dataSource), getDeliveriesToken(dataSource), getRescanToken(dataSource)];
  const entities = TypeOrmModule.forFeature(moduleEntities(dataSource, { prefix, schemaName }), dataSource);
  return {
    module: EventSourcingModule,
    global: true,
    imports: [DiscoveryModule, entities, ...imports, ...door.imports],
    controllers: door.controllers,
    providers: [...options, ...engineProviders(dataSource), ...door.providers],
    exports: [...surface, entities],
  };
}

function engineProviders(dataSource: string | undefined): Provider[] {
  const engine = engineToken(dataSource);
  return [
    {
      provide: engine,
      inject: [optionsToken(dataSource), dataSourceToken(dataSource), ModuleRef, HttpAdapterHost],
      useFactory: createEngine,
    },
    {
      provide: getEventLogToken(dataSource),
      inject: [engine],
      useFactory: ({ eventLog }: Engine) => eventLog,
    },
    {
      provide: getDeliveriesToken(dataSource),
      inject: [engine],
      useFactory: ({ deliveries }: Engine) => deliveries,
    },
    { provide: getRescanToken(dataSource), inject: [engine], useFactory: ({ rescan }: Engine) => rescan },
    {
      provide: `EventSourcingLifecycle(${dataSource ?? 'default'})`,
      inject: [engine, DiscoveryService, MetadataScanner, ModuleRef],
      useFactory: (
        started: Engine,
        discovery: DiscoveryService,
        scanner: MetadataScanner,
        moduleRef: ModuleRef,
      ) => {
        const schedule = new RescanSchedule(started, schedulerOf(moduleRef));
        return new Lifecycle(started, discovery, scanner, moduleRef, schedule);
      },
    },
  ];
}

async function createEngine(
  options: ResolvedOptions,
  dataSource: DataSource,
  moduleRef: ModuleRef,
  http: HttpAdapterHost,
): Promise<Engine> {
  const telemetry = options.telemetry
    ? await registeredTelemetry(options.dataSource ?? 'default')
    : NO_TELEMETRY;
  const engine = new Engine(dataSource, options, telemetry);
  if (options.onExhausted === 'shutdown') {
    let exiting = false;
    engine.onExhausted = () => {
      if (!exiting) void exitInOrder(moduleRef, http);
      exiting = true;
    };
  }
  await engine.prepare();
  return engine;
}

function asyncOptionProviders(async: EventSourcingAsyncOptions): Provider[] {
  const { dataSource, prefix, schemaName, http, inject = [], useFactory, useClass, useExisting } = async;
  const beside = {
    dataSource,
    ...(prefix === undefined ? {} : { prefix }),
    ...(schemaName === undefined ? {} : { schemaName }),
  };
  const provide = optionsToken(dataSource);
  const factory = useClass ?? useExisting;
  if (factory) {
    const create = async (made: EventSourcingOptionsFactory) =>
      resolveAsync(await made.createEventSourcingOptions(), beside, http);
    const own = useClass ? [{ provide: useClass, useClass }] : [];
    return [...own, { provide, inject: [factory], useFactory: create }];
  }
  const create = async (...dependencies: unknown[]) =>
    resolveAsync(await useFactory?.(...dependencies), beside, http);
  return [{ provide, inject, useFactory: create }];
}

/** The DataSource is injected before the factory is asked, so that the factory cannot choose it. */
function resolveAsync(
  made: EventSourcingFactoryOptions | undefined,
  beside: Omit<EventSourcingOptions, 'http'>,
  http: HttpRouteOptions | undefined,
): ResolvedOptions {
  if (made?.dataSource !== undefined && made.dataSource !== beside.dataSource) {
    const expected = 'given beside the factory: forRootAsync({ dataSource, useFactory })';
    throw new InvalidOptionError(
      'dataSource',
      expected,
      describe(made.dataSource),
      'EventSourcingModule.forRootAsync',
    );
  }
  return resolveOptions({ ...made, ...beside, ...httpOfFactory(made?.http, http) });
}

/** The application's scheduler, when it has one. */
function schedulerOf(moduleRef: ModuleRef): SchedulerRegistry | undefined {
  try {
    return moduleRef.get(SchedulerRegistry, { strict: false });
  } catch {
    return undefined;
  }
}
