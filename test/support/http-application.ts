import type { AddressInfo } from 'node:net';
import type { INestApplication, ModuleMetadata, NestApplicationOptions } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { EventLog, type EventSourcingOptions, EventSourcingModule, type RecordedEvent } from 'nestjs-once';
import type { DataSource, DataSourceOptions } from 'typeorm';

export type AdapterName = 'express' | 'fastify';
export const ADAPTERS: readonly AdapterName[] = ['express', 'fastify'];

export interface HttpSetup {
  adapter: AdapterName;
  database: DataSourceOptions;
  options: EventSourcingOptions;
  /** Instead of `forRoot(options)`. */
  modules?: NonNullable<ModuleMetadata['imports']>;
  imports?: ModuleMetadata['imports'];
  providers?: ModuleMetadata['providers'];
  controllers?: ModuleMetadata['controllers'];
  create?: NestApplicationOptions;
  /** Options of Fastify. */
  platform?: object;
  /** What is done to the platform before Nest knows of it. */
  before?: (adapter: ExpressAdapter | FastifyAdapter) => unknown;
  configure?: (app: INestApplication) => unknown;
}

export interface HttpApplication {
  app: INestApplication;
  port: number;
  url: string;
  log: EventLog;
  dataSource: DataSource;
  /** Everything in the log, in its order. */
  events(): Promise<RecordedEvent[]>;
  close(): Promise<void>;
}

/** A Nest application as `main.ts` makes one, listening on a port of its own. */
export async function startHttpApplication(setup: HttpSetup): Promise<HttpApplication> {
  const { imports = [], providers = [], controllers = [] } = setup;
  const modules = setup.modules ?? [EventSourcingModule.forRoot({ dispatch: 'none', ...setup.options })];
  @Module({
    imports: [TypeOrmModule.forRoot({ ...setup.database, autoLoadEntities: true }), ...modules, ...imports],
    providers,
    controllers,
  })
  class AppModule {}
  const adapter =
    setup.adapter === 'express' ? new ExpressAdapter() : new FastifyAdapter(setup.platform as undefined);
  setup.before?.(adapter);
  const logger = process.env.TEST_LOG ? undefined : (false as const);
  const app = await NestFactory.create(AppModule, adapter, {
    abortOnError: false,
    ...(logger === undefined ? {} : { logger }),
    ...setup.create,
  });
  await setup.configure?.(app);
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  const log = app.get(EventLog);
  return {
    app,
    port,
    url: `http://127.0.0.1:${port}`,
    log,
    dataSource: app.get(getDataSourceToken()),
    events: () => all(log),
    close: () => app.close(),
  };
}

async function all(log: EventLog): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const event of log.read()) events.push(event);
  return events;
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  body: any;
}

/** Sends a request; its body is JSON where it is an object. */
export async function send(
  url: string,
  body?: unknown,
  { method = 'POST', ...headers }: Record<string, string> = {},
): Promise<Answer> {
  const isRaw = body === undefined || typeof body === 'string' || body instanceof Uint8Array;
  const response = await fetch(url, {
    method,
    headers: { ...(isRaw ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: (isRaw ? body : JSON.stringify(body)) as string }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json');
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: isJson && text !== '' ? JSON.parse(text) : undefined,
  };
}
