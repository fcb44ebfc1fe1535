import type { INestApplicationContext, LoggerService, ModuleMetadata } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { Deliveries, EventLog, type EventSourcingOptions, EventSourcingModule, Rescan } from 'nestjs-once';
import type { DataSource, DataSourceOptions } from 'typeorm';
import { directUrlOf } from './data-source-options.js';
import { Statements } from './statements.js';

export interface ApplicationSetup {
  database: DataSourceOptions;
  entities?: Function[];
  providers?: ModuleMetadata['providers'];
  imports?: ModuleMetadata['imports'];
  options?: EventSourcingOptions;
  /** Default: none, nothing is logged. */
  logger?: LoggerService;
  /** Let TypeORM create the entities' tables. Default true; false for a second application on the same database. */
  synchronize?: boolean;
}

export interface TestApplication {
  app: INestApplicationContext;
  dataSource: DataSource;
  log: EventLog;
  deliveries: Deliveries;
  rescan: Rescan;
  close(): Promise<void>;
}

/** A Nest application around the module, started; `dispatch` is `'none'` unless the test asks for another. */
export async function startApplication(setup: ApplicationSetup): Promise<TestApplication> {
  const { database, entities = [], providers = [], imports = [], options = {}, synchronize = true } = setup;
  const directUrl = directUrlOf(database);
  const testing = await Test.createTestingModule({
    imports: [
      TypeOrmModule.forRoot({ ...database, entities, autoLoadEntities: true, synchronize }),
      EventSourcingModule.forRoot({
        dispatch: 'none',
        summary: false,
        // A test that notes statements notes those of the product.
        logQueries: database.logger instanceof Statements,
        ...options,
        worker: { directUrl, ...options.worker },
      }),
      ...imports,
    ],
    providers,
  }).compile();
  testing.useLogger(setup.logger ?? (process.env.TEST_LOG ? undefined! : false));
  const app = await testing.init().catch(async (error: unknown) => {
    // An application that did not start has no `close`.
    await testing.get<DataSource>(getDataSourceToken()).destroy();
    throw error;
  });
  return {
    app,
    dataSource: app.get(getDataSourceToken()),
    log: app.get(EventLog),
    deliveries: app.get(Deliveries),
    rescan: app.get(Rescan),
    close: () => app.close(),
  };
}
