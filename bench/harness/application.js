import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import libsql from 'libsql';
import {
  Deliveries,
  EventArchive,
  EventHandler,
  EventLog,
  EventSourcingModule,
  Follower,
  Followers,
  getAggregatesToken,
  ModelEventSource,
  On,
  Rescan,
} from './product.js';

/**
 * A Nest application on that database: created, connected and with its tables, not started. `init()` starts it: its
 * handlers are registered and its worker begins to claim. `options: false` leaves the product out; `feature` is given to
 * `forFeature`, `database` to TypeORM.
 */
export async function createApplication({
  address,
  entities = [],
  providers = [],
  controllers = [],
  options = {},
  feature,
  poolSize = 10,
  database: given = {},
}) {
  class AppModule {}
  const database = TypeOrmModule.forRoot({
    ...connection(address, poolSize),
    entities,
    autoLoadEntities: true,
    synchronize: true,
    ...given,
  });
  const imports = [
    database,
    ...(options ? [EventSourcingModule.forRoot(options)] : []),
    ...(feature ? [EventSourcingModule.forFeature(feature)] : []),
  ];
  Module({ imports, providers, controllers })(AppModule);
  const app = await NestFactory.create(AppModule, {
    logger: ['fatal', 'error', 'warn'],
    abortOnError: false,
  });
  return {
    dataSource: app.get(getDataSourceToken()),
    ...(options ? servicesOf(app) : {}),
    /** The repository of a type of aggregates. */
    repositoryOf: (type) => app.get(getAggregatesToken(type)),
    init: () => app.init(),
    /** Starts it, and gives its URL. */
    listen: async () => {
      await app.listen(0, '127.0.0.1');
      return app.getUrl();
    },
    close: () => app.close(),
  };
}

function servicesOf(app) {
  return {
    log: app.get(EventLog),
    archive: app.get(EventArchive),
    deliveries: app.get(Deliveries),
    rescan: app.get(Rescan),
    followers: app.get(Followers),
  };
}

export async function startApplication(setup) {
  const application = await createApplication(setup);
  await application.init();
  return application;
}

/** A provider with one handler of that name. */
export function handlerOf(pattern, options, handle) {
  class Handlers {
    async handle(event, context) {
      return handle(event, context);
    }
  }
  return provider(Handlers, 'handle', EventHandler(pattern, { name: 'bench', ...options }));
}

/** A provider that is a follower of that name. */
export function followerOf(pattern, handle, name = 'bench') {
  class BenchFollower {
    async handle(event, context) {
      return handle(event, context);
    }
  }
  Follower(name, { follows: [pattern] })(BenchFollower);
  return provider(BenchFollower, 'handle', On(pattern));
}

/** A provider with one model event source. */
export function sourceOf(entity, events, options = {}) {
  class Sources {
    *events(row) {
      yield* events(row);
    }
  }
  return provider(Sources, 'events', ModelEventSource(entity, { name: 'bench', ...options }));
}

/** What a decorator in TypeScript comes to. */
function provider(type, method, decorator) {
  decorator(type.prototype, method, Object.getOwnPropertyDescriptor(type.prototype, method));
  Injectable()(type);
  return type;
}

export function connection({ name, url }, poolSize) {
  switch (name) {
    case 'sqlite':
      return { type: 'better-sqlite3', driver: libsql, database: url, enableWAL: true };
    case 'postgres':
      return { type: 'postgres', url, poolSize };
    case 'mariadb':
    case 'mysql':
      return { type: name, url, poolSize };
  }
}
