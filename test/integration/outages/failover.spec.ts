import { Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Engine } from '../../../lib/module/engine.js';
import { engineToken } from '../../../lib/module/tokens.js';
import { Database } from '../../../lib/store/db/database.js';
import { probe } from '../../../lib/store/db/probe.js';
import { startApplication, type TestApplication } from '../../support/application.js';
import {
  type DatabaseAddress,
  dataSourceOptionsFrom,
  describeEachDatabase,
} from '../../support/databases.js';
import { deferred, until } from '../../support/deferred.js';
import { scriptedHandler } from '../../support/scripted-handler.js';

describeEachDatabase('a failover', (db) => {
  if (db.name === 'sqlite') {
    it('is none where the database lives in the process: a file that takes no writes ends no connection', async () => {
      const dataSource = await new DataSource(await db.options()).initialize();
      const database = new Database(dataSource, { prefix: 'once_' });
      await dataSource.query('CREATE TABLE written (id integer)');
      const write = () => database.run((sql) => sql.change('INSERT INTO written VALUES (1)'));
      await dataSource.query('PRAGMA query_only = ON');
      await expect(write()).rejects.toThrow(/readonly/);
      await dataSource.query('PRAGMA query_only = OFF');
      expect(await write()).toBe(1);
      await dataSource.destroy();
    });
    return;
  }
  const applications: TestApplication[] = [];
  let address: DatabaseAddress;

  /** What a session of the old writer is like. */
  const readOnly =
    db.name === 'postgres' ? 'SET default_transaction_read_only = on' : 'SET SESSION TRANSACTION READ ONLY';

  const start = async (
    poolSize: number,
    script: () => unknown = () => undefined,
    dispatch: 'none' | 'background' = 'background',
    transactional = false,
  ) => {
    const application = await startApplication({
      database: dataSourceOptionsFrom(address, { poolSize }),
      providers: [scriptedHandler('One', script, { transactional })],
      options: { dispatch, worker: { pollInterval: 20 }, retry: { interval: 10 } },
    });
    applications.push(application);
    Logger.overrideLogger(false);
    return { ...application, engine: application.app.get<Engine>(engineToken()) };
  };

  /** All connections that the pool may have were made before it. */
  const outdate = async ({ dataSource }: TestApplication, poolSize: number) => {
    const runners = Array.from({ length: poolSize }, () => dataSource.createQueryRunner());
    await Promise.all(runners.map((runner) => runner.query(readOnly)));
    await Promise.all(runners.map((runner) => runner.release()));
  };

  beforeEach(async () => (address = await db.create()));

  afterEach(async () => {
    for (const each of applications.splice(0)) await each.close();
  });

  it.each([1, 3])(
    'that leaves a pool of %i read-only sessions keeps no event from being handled',
    async (size) => {
      const recorder = await start(2, undefined, 'none');
      const handled = deferred();
      const worker = await start(size, () => handled.resolve());
      await outdate(worker, size);
      await recorder.log.append({ group: 'g', key: 'a' });
      await handled.promise;
      await until(async () => (await recorder.deliveries.counts()).succeeded === 1);
    },
  );

  it('lets a transactional handler that met a read-only session have another one for its next attempt', async () => {
    const recorder = await start(2, undefined, 'none');
    const worker = await start(1, async () => undefined, 'background', true);
    await outdate(worker, 1);
    await recorder.log.append({ group: 'g', key: 'a' });
    await until(async () => (await recorder.deliveries.counts()).succeeded === 1);
  });

  it('is noticed by whoever asks for the database, who connects anew', async () => {
    const { engine } = await start(2);
    const { control, database } = engine.parts;
    await control.run((sql) => sql.rows(readOnly));
    await expect(probe(database, control)).rejects.toThrow(/read.?only/i);
    await probe(database, control);
  });
});
