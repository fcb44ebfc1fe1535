import { AsyncLocalStorage } from 'node:async_hooks';
import {
  InvalidOptionError,
  NonRetriableError,
  SnoozeError,
  type StreamItem,
  UnknownOptionError,
} from 'nestjs-once';
import { drain } from 'nestjs-once/testing';
import { filter, firstValueFrom, lastValueFrom, map, type Subscription, toArray } from 'rxjs';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { deferred, until } from '../../support/deferred.js';
import { type Script, scriptedHandler } from '../../support/scripted-handler.js';

const brief = (item: StreamItem) =>
  item.type === 'recorded'
    ? `recorded ${item.event.key}`
    : `${item.handler} ${item.outcome} ${item.event.key} at ${item.attempt}`;

describeEachDatabase('the stream of a log', (db) => {
  let application: TestApplication;
  let items: string[];
  let subscriptions: Subscription[];

  const start = async (script: Script = () => undefined, options = {}) => {
    application = await startApplication({
      database: await db.options(),
      providers: [scriptedHandler('One', script)],
      options: { retry: { maxRetries: 1, interval: 0, jitter: 0 }, ...options },
    });
    items = [];
    subscriptions = [];
    return application;
  };
  const watch = (options = {}) => {
    subscriptions.push(application.log.stream(options).subscribe((item) => items.push(brief(item))));
  };

  afterEach(async () => {
    subscriptions.forEach((subscription) => subscription.unsubscribe());
    await application?.close();
  });

  it('tells what is recorded when it is committed, and nothing of what is rolled back', async () => {
    const { log, dataSource } = await start();
    watch();
    await dataSource.transaction(async (manager) => {
      await manager
        .transaction(async (nested) => {
          await log.append({ group: 'g', key: 'savepoint' }, { manager: nested });
          throw new Error('back');
        })
        .catch(() => undefined);
      for (const key of ['kept', 'kept too']) await log.append({ group: 'g', key }, { manager });
      expect(items).toEqual([]);
    });
    const failed = dataSource.transaction(async (manager) => {
      await log.append({ group: 'g', key: 'lost' }, { manager });
      throw new Error('back');
    });
    await expect(failed).rejects.toThrow('back');
    await log.append([
      { group: 'g', key: 'kept' },
      { group: 'g', key: 'new' },
    ]);
    await until(() => items.length === 3);
    expect(items).toEqual(['recorded kept', 'recorded kept too', 'recorded new']);
  });

  it('tells what comes of each start of a handler', async () => {
    const { app, log } = await start((event, { attempt }) => {
      if (event.key === 'flaky' && attempt === 1) throw new Error('once');
      if (event.key === 'bad') throw new NonRetriableError('never');
      if (event.key === 'later') throw new SnoozeError(new Date(Date.now() + 3_600_000));
    });
    const seen: StreamItem[] = [];
    watch();
    subscriptions.push(log.stream().subscribe((item) => seen.push(item)));
    for (const key of ['flaky', 'bad', 'later']) await log.append({ group: 'g', key, data: { key } });
    await until(() => items.length === 3);
    await expect(drain(app)).rejects.toThrow('bad');
    expect(items.slice(0, 3)).toEqual(['recorded flaky', 'recorded bad', 'recorded later']);
    expect(items.slice(3).sort()).toEqual([
      'One dead bad at 1',
      'One retry flaky at 1',
      'One snoozed later at 1',
      'One succeeded flaky at 2',
    ]);
    const dead = seen.find((item) => item.type === 'handled' && item.outcome === 'dead');
    expect(dead).toMatchObject({
      error: expect.any(NonRetriableError),
      event: { key: 'bad', group: 'g', data: { key: 'bad' } },
    });
    expect(seen.find((item) => item.type === 'handled' && item.outcome === 'succeeded')).not.toHaveProperty(
      'error',
    );
  });

  it('can be of certain groups', async () => {
    const { log } = await start();
    watch({ groups: 'shop.*' });
    watch({ groups: [/Click$/, 'crm.Call'] });
    for (const group of ['shop.Click', 'crm.Click', 'crm.Call', 'crm.Called'])
      await log.append({ group, key: group });
    await until(() => items.length >= 4);
    expect(items).toEqual([
      'recorded shop.Click',
      'recorded shop.Click',
      'recorded crm.Click',
      'recorded crm.Call',
    ]);
  });

  it('refuses what are no groups', async () => {
    const { log } = await start();
    expect(() => log.stream({ groups: 17 as never })).toThrow(InvalidOptionError);
    expect(() => log.stream({ groups: ['a', null as never] })).toThrow(InvalidOptionError);
    expect(() => log.stream({ group: 'a' } as never)).toThrow(UnknownOptionError);
  });

  it('completes when the application shuts down, after its last handler', async () => {
    const running = deferred();
    const goOn = deferred();
    await start(
      async () => {
        running.resolve();
        await goOn.promise;
      },
      { dispatch: 'background' },
    );
    const all = lastValueFrom(application.log.stream().pipe(map(brief), toArray()));
    await application.log.append({ group: 'g', key: 'k' });
    await running.promise;
    const closed = application.close();
    goOn.resolve();
    await closed;
    expect((await all).toSorted()).toEqual(['One succeeded k at 1', 'recorded k']);
  });

  it('is left by whoever unsubscribes', async () => {
    const { log } = await start();
    const first = firstValueFrom(log.stream().pipe(filter((item) => item.event.key === 'b')));
    watch();
    await log.append({ group: 'g', key: 'a' });
    await until(() => items.length === 1);
    subscriptions[0]!.unsubscribe();
    await log.append({ group: 'g', key: 'b' });
    expect(items).toEqual(['recorded a']);
    expect(brief(await first)).toBe('recorded b');
  });

  it('goes on, and so does the engine, when a subscriber throws', async () => {
    const { app, log, deliveries } = await start();
    subscriptions.push(
      log.stream().subscribe(() => {
        throw new Error('careless');
      }),
    );
    watch();
    await log.append({ group: 'g', key: 'k' });
    await drain(app);
    expect(items).toEqual(['recorded k', 'One succeeded k at 1']);
    expect(await deliveries.counts()).toMatchObject({ succeeded: 1 });
  });

  it('knows nothing of the request that recorded the event', async () => {
    const { log } = await start();
    const request = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    subscriptions.push(log.stream().subscribe(() => seen.push(request.getStore())));
    await request.run('request', () => log.append({ group: 'g', key: 'k' }));
    expect(seen).toEqual([undefined]);
  });
});
