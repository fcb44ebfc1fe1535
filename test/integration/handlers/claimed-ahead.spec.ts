import type { EventSourcingOptions } from 'nestjs-once';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { type Deferred, deferred, until } from '../../support/deferred.js';
import { type Script, scriptedHandler } from '../../support/scripted-handler.js';

describeEachDatabase('what is claimed ahead of a free slot', (db) => {
  const applications: TestApplication[] = [];
  let database: ReturnType<typeof db.options>;
  let running: Deferred;
  let end: Deferred;
  let started: string[];

  const start = async (options: EventSourcingOptions, script: Script) => {
    const application = await startApplication({
      database: await database,
      synchronize: applications.length === 0,
      providers: [scriptedHandler('Mails', script)],
      options,
    });
    applications.push(application);
    return application;
  };
  const busy = (pollInterval: number) =>
    start({ dispatch: 'background', worker: { concurrency: 1, pollInterval } }, async ({ key }) => {
      started.push(key);
      running.resolve();
      await end.promise;
    });
  const append = ({ log }: TestApplication, count: number) =>
    log.append(Array.from({ length: count }, (_, id) => ({ group: 'mail', key: `mail_${id}` })));

  beforeEach(() => {
    database = db.options();
    [running, end, started] = [deferred(), deferred(), []];
  });
  afterEach(async () => {
    end.resolve();
    for (const each of applications.splice(0)) await each.close();
  });

  it('is pending until it starts, and told to be claimed', async () => {
    const { deliveries, ...application } = await busy(3_600_000);
    await append({ deliveries, ...application }, 8);
    await running.promise;
    const pending = async () => (await deliveries.list({ status: 'pending' })).items;
    await until(async () => (await pending()).some(({ claimed }) => claimed));
    expect(await deliveries.counts()).toMatchObject({ pending: 7, running: 1 });
    expect(await deliveries.counts({ status: 'running', group: 'mail' })).toMatchObject({
      pending: 0,
      running: 1,
    });
    expect(await deliveries.counts({ status: 'pending' })).toMatchObject({ pending: 7, running: 0 });
    expect(await pending()).toHaveLength(7);
    expect((await pending()).every(({ status }) => status === 'pending')).toBe(true);
    expect((await deliveries.list({ status: 'running' })).items).toMatchObject([
      { key: started[0], status: 'running' },
    ]);
    expect((await deliveries.list()).items.filter(({ claimed }) => claimed).length).toBeGreaterThan(0);
    const { key } = (await pending()).find(({ claimed }) => claimed)!;
    expect(await deliveries.counts({ key })).toMatchObject({ pending: 1, running: 0 });
  });

  it('is not given to its handler once it was cancelled', async () => {
    const application = await busy(3_600_000);
    const { deliveries } = application;
    await append(application, 8);
    await running.promise;
    await until(async () => (await deliveries.list()).items.some(({ claimed }) => claimed));
    const { key } = (await deliveries.list({ status: 'pending' })).items.find(({ claimed }) => claimed)!;
    await deliveries.cancel({ key });
    await until(async () => (await deliveries.counts({ key })).cancelled === 1);
    end.resolve();
    await until(async () => (await deliveries.counts()).succeeded === 7);
    expect(started).not.toContain(key);
  });

  it('is given back soon, and handled by a process that is idle', async () => {
    const others: string[] = [];
    const recorder = await start({ dispatch: 'none' }, () => undefined);
    const one = await busy(20);
    await append(recorder, 30);
    await running.promise;
    // As another process sees it: what its row says.
    await until(async () => (await recorder.deliveries.counts()).running === 1);
    expect(await one.deliveries.counts()).toMatchObject({ running: 1, pending: 29 });
    await start({ dispatch: 'background', worker: { pollInterval: 20 } }, ({ key }) => others.push(key));
    await until(() => others.length === 29);
    expect(started).toHaveLength(1);
  });
});
