import { Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Engine } from '../../../lib/module/engine.js';
import { engineToken } from '../../../lib/module/tokens.js';
import { NoAnswerError } from '../../../lib/runtime/deadline.js';
import { Database } from '../../../lib/store/db/database.js';
import { startApplication, type TestApplication } from '../../support/application.js';
import { CuttableProxy } from '../../support/cuttable-proxy.js';
import { dataSourceOptionsFrom, describeEachDatabase } from '../../support/databases.js';
import { deferred, until } from '../../support/deferred.js';
import { RecordingLogger } from '../../support/recording-logger.js';
import { scriptedHandler } from '../../support/scripted-handler.js';

describeEachDatabase('connections that go silent', (db) => {
  if (db.name === 'sqlite') {
    it('are none where the database lives in the process: no answer has a limit', async () => {
      const dataSource = new DataSource(await db.options());
      const database = new Database(dataSource, { prefix: 'once_' });
      expect(database.answeringWithin(1)).toBe(database);
    });
    return;
  }
  const applications: TestApplication[] = [];
  let proxy: CuttableProxy;
  let logger: RecordingLogger;

  afterEach(async () => {
    for (const each of applications.splice(0)) await each.close();
    await proxy.close();
    Logger.overrideLogger(false);
  });

  it('are given up for new ones: the worker goes on, and says what it waited for in vain', async () => {
    const address = await db.create();
    proxy = await CuttableProxy.before(address.url);
    const handled = new Map(['first', 'second'].map((key) => [key, deferred()]));
    const providers = [scriptedHandler('One', ({ key }) => handled.get(key)!.resolve())];
    const recorder = await startApplication({ database: dataSourceOptionsFrom(address), providers });
    const worker = await startApplication({
      database: dataSourceOptionsFrom({ ...address, url: proxy.through(address.url) }, { poolSize: 1 }),
      providers,
      // Heartbeats go another way, and on: the lease is held all the time.
      options: { dispatch: 'background', worker: { pollInterval: 20, lease: 3000, directUrl: address.url } },
    });
    applications.push(recorder, worker);
    logger = new RecordingLogger();
    Logger.overrideLogger(logger);
    await recorder.log.append({ group: 'g', key: 'first' });
    await handled.get('first')!.promise;
    const { parts } = worker.app.get<Engine>(engineToken());
    await until(() => parts.worker.isWaiting);
    proxy.silence();
    await recorder.log.append({ group: 'g', key: 'second' });
    await handled.get('second')!.promise;
    await until(async () => (await recorder.deliveries.counts()).succeeded === 2);
    // Of the claim, or of the look that found something to claim.
    expect(logger.of('warn')).toContainEqual(expect.stringContaining('no answer within'));
  });

  it('are given up for new ones in queries of entities, which a re-scan makes', async () => {
    const address = await db.create();
    proxy = await CuttableProxy.before(address.url);
    const options = dataSourceOptionsFrom({ ...address, url: proxy.through(address.url) }, { poolSize: 1 });
    const dataSource = await new DataSource(options).initialize();
    const database = new Database(dataSource, { prefix: 'once_' }).answeringWithin(500);
    const one = () => database.entities((manager) => manager.query('SELECT 1 AS one'));
    expect(await one()).toHaveLength(1);
    proxy.silence();
    await expect(one()).rejects.toThrow(NoAnswerError);
    expect(await one()).toHaveLength(1);
    await dataSource.destroy();
  });
});

describeEachDatabase('a pool whose connections are all in use', (db) => {
  if (db.name === 'sqlite') {
    it('is none where all share one connection: a call inside of a transaction joins it', async () => {
      const { dataSource, log, close } = await startApplication({ database: await db.options() });
      await dataSource.transaction(() => log.append({ group: 'g', key: 'inside' }));
      expect(await log.get('inside')).toMatchObject({ group: 'g' });
      await close();
    });
    return;
  }

  it('is told of, with what may be the cause, while transactions wait for themselves', async () => {
    const application = await startApplication({
      database: dataSourceOptionsFrom(await db.create(), { poolSize: 2 }),
    });
    const { dataSource, log } = application;
    const recorded = new RecordingLogger();
    Logger.overrideLogger(recorded);
    const all = deferred();
    let begun = 0;
    const [one, other] = ['one', 'other'].map((key) =>
      dataSource.transaction(async (manager) => {
        await manager.query('SELECT 1');
        if (++begun === 2) all.resolve();
        await all.promise;
        // One of them gives up, or they would wait for ever.
        await Promise.race([log.append({ group: 'g', key }), until(() => said().length > 0)]);
      }),
    );
    const said = () => recorded.of('warn').filter((line) => line.includes('give { manager }'));
    await Promise.all([one, other]);
    expect(said()).toEqual([expect.stringContaining('all 2 are in use')]);
    await until(async () => (await log.get('other')) !== undefined);
    await application.close();
    Logger.overrideLogger(false);
  });
});
