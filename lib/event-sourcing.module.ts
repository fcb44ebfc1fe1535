import {
  type DynamicModule,
  type InjectionToken,
  Module,
  type ModuleMetadata,
  type Provider,
} from '@nestjs/common';
import { DiscoveryModule, DiscoveryService, HttpAdapterHost, MetadataScanner, ModuleRef } from '@nestjs/core';
import type { SchedulerRegistry } from '@nestjs/schedule';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { describe } from './core/describe.js';
import { InvalidOptionError } from './core/errors.js';
import type { EventClass } from './core/event-types.js';
import { assertKnownOptions } from './core/options/known-options.js';
import { ifInstalled } from './core/optional-package.js';
import { NO_TELEMETRY } from './core/telemetry.js';
import {
  AGGREGATES,
  AGGREGATES_PLACE,
  type AggregatesOptions,
  type AggregatesPlaceOptions,
} from './aggregates/aggregates-options.js';
import type { Declaration, OptionsOf } from './core/options/declare.js';
import { aggregateProviders, type AggregatesAsyncOptions } from './module/aggregates-module.js';
import type { HttpRouteOptions } from './http/http-options.js';
import type { NotificationOptions } from './http/notification-options.js';
import { type DoorModule, doorModule, httpOfFactory } from './module/door-module.js';
import { callerOf } from './module/duplicate-log.js';
import { Engine } from './module/engine.js';
import { exitInOrder } from './module/exit.js';
import { featureEvents } from './module/feature-events.js';
import { Lifecycle } from './module/lifecycle.js';
import {
  type EventSourcingAsyncOptions,
  type EventSourcingFactoryOptions,
  type EventSourcingOptions,
  type EventSourcingOptionsFactory,
  type ResolvedOptions,
  resolveOptions,
} from './module/options.js';
import { notificationModule } from './module/notification-module.js';
import { operatingProviders } from './module/operating-providers.js';
import { RescanSchedule } from './module/rescan-schedule.js';
import {
  dataSourceToken,
  engineToken,
  getCommandsToken,
  getDeliveriesToken,
  getEventEmitterToken,
  getEventLogToken,
  getFollowersToken,
  getForgettingToken,
  getNotificationLogToken,
  getRescanToken,
  getTransportsToken,
  optionsToken,
} from './module/tokens.js';
import { moduleEntities } from './store/typeorm/entity-schemas.js';
import { registeredTelemetry } from './telemetry/registered-telemetry.js';

const FEATURE = 'EventSourcingModule.forFeature';

/** What `forFeature` adds: event classes, aggregates, and providers with sources and handlers, as a module of their own. */
export interface EventSourcingFeature
  extends
    Pick<ModuleMetadata, 'imports' | 'providers' | 'exports'>,
    AggregatesPlaceOptions,
    AggregatesOptions {
  /** Event classes: those decorated with `@EventType`. */
  events?: readonly EventClass[];
  /** Commands that this application executes: classes decorated with `@CommandType`, each with one `@CommandHandler`. */
  commands?: readonly EventClass[];
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
      callerOf(EventSourcingModule.forRoot),
    );
  }

  /**
   * `dataSource`, `prefix`, `schemaName` and of `http` the path and the guards are given beside the factory, since they
   * have to be known at once.
   */
  static forRootAsync(async: EventSourcingAsyncOptions): DynamicModule {
    const { dataSource, imports = [], extraProviders = [], http } = async;
    const door = doorModule(http, dataSource, 'EventSourcingModule.forRootAsync');
    const providers = [...asyncOptionProviders(async), ...extraProviders];
    return composed(async, providers, imports, door, callerOf(EventSourcingModule.forRootAsync));
  }

  /**
   * Event classes, aggregates, and providers with sources and handlers, of one feature; providers may as well stand in any
   * module's `providers`. Throws `UnknownOptionError` or `InvalidOptionError`.
   */
  static forFeature(feature: EventSourcingFeature): DynamicModule {
    const own = ['imports', 'providers', 'exports', 'events', 'commands'];
    const names = Object.keys({ ...AGGREGATES_PLACE, ...AGGREGATES });
    assertKnownOptions(feature, [...own, ...names], FEATURE);
    const { imports = [], providers = [], exports = [] } = feature;
    const made = aggregateProviders(
      picked(feature, AGGREGATES_PLACE),
      { useFactory: () => picked(feature, AGGREGATES) },
      FEATURE,
    );
    return {
      module: EventSourcingModule,
      imports,
      providers: [...providers, featureEvents(feature, FEATURE), ...made.providers],
      exports: [...exports, ...made.exports],
    };
  }

  /**
   * Opens a route at which other systems read the log, behind the guards that are given and the application's global ones:
   * `GET <path>/1,10` for a section, `GET <path>?after=…&limit=…` for a selection. Throws `UnknownOptionError` or
   * `InvalidOptionError`.
   */
  static forNotifications(options: NotificationOptions = {}): DynamicModule {
    return {
      module: EventSourcingModule,
      ...notificationModule(options, 'EventSourcingModule.forNotifications'),
    };
  }

  /**
   * The aggregates of one application, with options that a factory works out; which classes, of which application and in
   * which DataSource stands beside it. Throws `UnknownOptionError` or `InvalidOptionError`.
   */
  static forFeatureAsync(async: AggregatesAsyncOptions): DynamicModule {
    const { imports = [], inject = [], useFactory, ...place } = async;
    const where = 'EventSourcingModule.forFeatureAsync';
    return {
      module: EventSourcingModule,
      imports,
      ...aggregateProviders(place, { inject, useFactory }, where),
    };
  }
}

/** Those of the options that are declared. */
function picked<D extends Declaration>(options: object, declaration: D): OptionsOf<D> {
  return Object.fromEntries(Object.entries(options).filter(([name]) => name in declaration)) as OptionsOf<D>;
}

/** What has to be known before the options are: they are made when the DataSource is there. */
type Naming = Pick<EventSourcingOptions, 'dataSource' | 'prefix' | 'schemaName'>;

function composed(
  { dataSource, prefix, schemaName }: Naming,
  options: Provider[],
  imports: NonNullable<DynamicModule['imports']>,
  door: DoorModule,
  place: string,
): DynamicModule {
  const surface = [
    getEventLogToken,
    getDeliveriesToken,
    getRescanToken,
    getNotificationLogToken,
    getForgettingToken,
    getFollowersToken,
    getTransportsToken,
    getEventEmitterToken,
    getCommandsToken,
  ].map((tokenOf) => tokenOf(dataSource));
  const operating = operatingProviders(dataSource);
  const entities = TypeOrmModule.forFeature(moduleEntities(dataSource, { prefix, schemaName }), dataSource);
  return {
    module: EventSourcingModule,
    global: true,
    imports: [DiscoveryModule, entities, ...imports, ...door.imports],
    controllers: door.controllers,
    providers: [...options, ...engineProviders(dataSource, place), ...operating, ...door.providers],
    exports: [...surface, ...operating.map(({ provide }) => provide), engineToken(dataSource), entities],
  };
}

function engineProviders(dataSource: string | undefined, place: string): Provider[] {
  const engine = engineToken(dataSource);
  const ofEngine = (provide: InjectionToken, useFactory: (engine: Engine) => unknown): Provider => ({
    provide,
    inject: [engine],
    useFactory,
  });
  return [
    {
      provide: engine,
      inject: [optionsToken(dataSource), dataSourceToken(dataSource), ModuleRef, HttpAdapterHost],
      useFactory: createEngine,
    },
    ofEngine(getEventLogToken(dataSource), ({ parts }) => parts.eventLog),
    ofEngine(getDeliveriesToken(dataSource), ({ deliveries }) => deliveries),
    ofEngine(getNotificationLogToken(dataSource), ({ parts }) => parts.notifications),
    ofEngine(getForgettingToken(dataSource), ({ parts }) => parts.forgetting),
    ofEngine(getFollowersToken(dataSource), ({ parts }) => parts.followers),
    ofEngine(getEventEmitterToken(dataSource), ({ parts }) => parts.emitter),
    ofEngine(getCommandsToken(dataSource), ({ parts }) => parts.commands),
    ofEngine(getTransportsToken(dataSource), ({ parts }) => parts.transports),
    ofEngine(getRescanToken(dataSource), ({ parts }) => parts.rescan),
    {
      provide: `EventSourcingLifecycle(${dataSource ?? 'default'})`,
      inject: [engine, DiscoveryService, MetadataScanner, ModuleRef],
      useFactory: async (
        started: Engine,
        discovery: DiscoveryService,
        scanner: MetadataScanner,
        moduleRef: ModuleRef,
      ) => {
        started.place = place;
        const schedule = new RescanSchedule(started, await schedulerOf(moduleRef));
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
  // Whatever goes on in the process by itself is made, and so runs, unseen.
  const engine = telemetry.unseen(() => new Engine(dataSource, options, telemetry));
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
async function schedulerOf(moduleRef: ModuleRef): Promise<SchedulerRegistry | undefined> {
  const schedule = await ifInstalled('@nestjs/schedule', () => import('@nestjs/schedule'));
  if (!schedule) return undefined;
  try {
    return moduleRef.get(schedule.SchedulerRegistry, { strict: false });
  } catch {
    return undefined;
  }
}
