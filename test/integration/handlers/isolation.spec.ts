import type { EventSourcingOptions } from 'nestjs-once';
import type { Provider } from '@nestjs/common';
import { drain } from 'nestjs-once/testing';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { deferred, until } from '../../support/deferred.js';
import { type Script, scriptedHandler } from '../../support/scripted-handler.js';

const events = (count: number, group = 'made') =>
  Array.from({ length: count }, (_, i) => ({ group, key: `${group}_${i}` }));

describeEachDatabase('handlers beside each other', (db) => {
  let application: TestApplication;

  const start = async (
    providers: Provider[],
    worker: EventSourcingOptions['worker'] = {},
    dispatch = 'background',
  ) => {
    application = await startApplication({
      database: await db.options(),
      providers,
      options: {
        dispatch: dispatch as 'background',
        worker: { pollInterval: 30, shutdownTimeout: 0, ...worker },
      },
    });
    return application;
  };

  afterEach(() => application?.close());

  it.each([false, true])('one that hangs delays no other (transactional: %s)', async (transactional) => {
    // There is one connection: hanging in its transaction, a handler keeps it until its timeout.
    const options = { transactional: transactional && db.name !== 'sqlite' };
    const handled = new Set<string>();
    const all = deferred();
    const hangs = scriptedHandler('Hangs', () => new Promise(() => undefined), options);
    const works = scriptedHandler(
      'Works',
      (event) => void (handled.add(event.key).size === 60 && all.resolve()),
      options,
    );
    const { log } = await start([hangs, works], { concurrency: 4 });
    await log.append(events(60));
    await all.promise;
    expect(handled.size).toBe(60);
  });

  it('an event that hangs delays no other event of its handler', async () => {
    const handled = new Set<string>();
    const all = deferred();
    const script: Script = async (event) => {
      if (event.key === 'made_0') await new Promise(() => undefined);
      if (handled.add(event.key).size === 59) all.resolve();
    };
    const { log, deliveries } = await start([scriptedHandler('One', script)]);
    await log.append(events(60));
    await all.promise;
    await until(async () => (await deliveries.counts()).succeeded === 59);
    expect(await deliveries.counts()).toMatchObject({ running: 1, pending: 0 });
  });

  it('runs no more at once than the limits of handler and worker', async () => {
    const running = { Narrow: 0, Wide: 0 };
    const most = { Narrow: 0, Wide: 0, all: 0 };
    const counted = (name: 'Narrow' | 'Wide', concurrency: number) =>
      scriptedHandler(
        name,
        async () => {
          running[name]++;
          most[name] = Math.max(most[name], running[name]);
          most.all = Math.max(most.all, running.Narrow + running.Wide);
          await new Promise((resolve) => setImmediate(resolve));
          running[name]--;
        },
        { concurrency },
      );
    const { app, log } = await start(
      [counted('Narrow', 2), counted('Wide', 100)],
      { concurrency: 5 },
      'none',
    );
    await log.append(events(80));
    await drain(app);
    expect(most.Narrow).toBeLessThanOrEqual(2);
    expect(most.all).toBe(5);
  });

  it('runs as many at once as the limit allows', async () => {
    const started = new Set<string>();
    const allStarted = deferred();
    const script: Script = async (event) => {
      if (started.add(event.key).size === 3) allStarted.resolve();
      // Each waits for the others: with less than three slots none would end.
      await allStarted.promise;
    };
    const { app, log } = await start(
      [scriptedHandler('Three', script, { concurrency: 3 })],
      { concurrency: 3 },
      'none',
    );
    await log.append(events(3));
    await drain(app);
    expect(started.size).toBe(3);
  });

  it('leaves deliveries of a handler that this process lacks', async () => {
    const database = await db.options();
    const other = await startApplication({
      database,
      providers: [scriptedHandler('Elsewhere', () => undefined)],
    });
    await other.close();
    application = await startApplication({ database, synchronize: false });
    await application.log.append(events(2));
    await drain(application.app);
    expect((await application.deliveries.list()).items).toMatchObject([
      { handler: 'Elsewhere', status: 'pending', attempts: 0 },
      { handler: 'Elsewhere', status: 'pending', attempts: 0 },
    ]);
  });
});
