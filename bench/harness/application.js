import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import libsql from 'libsql';
import {
  Deliveries,
  EventHandler,
  EventLog,
  EventSourcingModule,
  ModelEventSource,
  Rescan,
} from './product.js';

/**
 * A Nest application on that database: created, connected and with its tables, not started. `init()` starts it: its
 * handlers are registered and its worker begins to claim. `options: false` leaves the product out.
 */
export async function createApplication({
  address,
  entities = [],
  providers = [],
  controllers = [],
  options = {},
  poolSize = 10,
}) {
  class AppModule {}
  const database = TypeOrmModule.forRoot({
    ...connection(address, poolSize),
    entities,
    autoLoadEntities: true,
    synchronize: true,
  });
  const imports = [database, ...(options ? [EventSourcingModule.forRoot(options)] : [])];
  Module({ imports, providers, controllers })(AppModule);
  const app = await NestFactory.create(AppModule, {
    logger: ['fatal', 'error', 'warn'],
    abortOnError: false,
  });
  return {
    dataSource: app.get(getDataSourceToken()),
    ...(options ? { log: app.get(EventLog), deliveries: app.get(Deliveries), rescan: app.get(Rescan) } : {}),
    init: () => app.init(),
    /** Starts it, and gives its URL. */
    listen: async () => {
      await app.listen(0, '127.0.0.1');
      return app.getUrl();
    },
    close: () => app.close(),
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

/** A provider with one model event source. */
export function sourceOf(entity, events) {
  class Sources {
    *events(row) {
      yield* events(row);
    }
  }
  return provider(Sources, 'events', ModelEventSource(entity, { name: 'bench' }));
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
