import type { INestApplicationContext, ModuleMetadata } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { Deliveries, EventLog, type EventSourcingOptions, EventSourcingModule, Rescan } from 'nestjs-once';
import type { DataSource, DataSourceOptions } from 'typeorm';

export interface ApplicationSetup {
  database: DataSourceOptions;
  entities?: Function[];
  providers?: ModuleMetadata['providers'];
  imports?: ModuleMetadata['imports'];
  options?: EventSourcingOptions;
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
  const testing = await Test.createTestingModule({
    imports: [
      TypeOrmModule.forRoot({ ...database, entities, autoLoadEntities: true, synchronize }),
      EventSourcingModule.forRoot({ dispatch: 'none', ...options }),
      ...imports,
    ],
    providers,
  }).compile();
  testing.useLogger(process.env.TEST_LOG ? undefined! : false);
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
