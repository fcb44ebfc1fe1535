import { type EventSourcingOptions, UnknownHandlerError } from 'nestjs-once';
import { drain } from 'nestjs-once/testing';
import type { Engine } from '../../../lib/module/engine.js';
import { engineToken } from '../../../lib/module/tokens.js';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { deferred, until } from '../../support/deferred.js';
import { type Script, scriptedHandler } from '../../support/scripted-handler.js';

const made = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => ({ group: 'made', key: `made_${from + index}` }));

describeEachDatabase('pausing a handler', (db) => {
  const applications: TestApplication[] = [];

  const start = async (
    script: Script = () => undefined,
    options: EventSourcingOptions = {},
    database = db.options(),
  ) => {
    const application = await startApplication({
      database: await database,
      providers: [
        scriptedHandler('Mails', script, { concurrency: 1 }),
        scriptedHandler('Others', () => undefined),
      ],
      options: { dispatch: 'background', worker: { pollInterval: 20, lease: '5m' }, ...options },
      synchronize: applications.length === 0,
    });
    applications.push(application);
    return application;
  };

  const mails = ({ deliveries }: TestApplication) => deliveries.counts({ handler: 'Mails' });
  const claimed = async ({ deliveries }: TestApplication) => {
    const { items } = await deliveries.list({ handler: 'Mails', status: 'pending' });
    return items.filter((item) => item.claimed).length;
  };

  /** Resolves when so many are left. */
  const left = (application: TestApplication, { pending, running }: { pending: number; running: number }) =>
    until(async () => {
      const counts = await mails(application);
      return counts.pending === pending && counts.running === running;
    });

  /** Resolves when the process has read the registry as it is now. */
  const upToDate = async ({ app }: TestApplication) => {
    const { database, registry } = app.get<Engine>(engineToken()).parts;
    const statement = `SELECT value FROM ${database.tables.state} WHERE name = 'registry_version'`;
    const row = await database.run((sql) => sql.row(statement));
    await until(() => registry.currentVersion === Number(row!.value));
  };

  afterEach(async () => {
    for (const each of applications.splice(0)) await each.close();
  });

  it('lets what runs end, gives back what was claimed, and starts nothing more until it is resumed', async () => {
    const [running, end] = [deferred(), deferred()];
    const starts: string[] = [];
    const application = await start(async ({ key }) => {
      starts.push(key);
      running.resolve();
      await end.promise;
    });
    const { log, deliveries } = application;
    await log.append(made(1, 5));
    await running.promise;
    await until(async () => (await claimed(application)) > 0);
    await deliveries.pause('Mails');
    await left(application, { running: 1, pending: 4 });
    await log.append(made(6, 7));
    end.resolve();
    await until(async () => (await deliveries.counts({ handler: 'Others' })).succeeded === 7);
    await until(async () => (await mails(application)).succeeded === 1);
    await left(application, { pending: 6, running: 0 });
    expect(starts).toHaveLength(1);
    await deliveries.resume('Mails');
    await until(async () => (await mails(application)).succeeded === 7);
    expect(starts.sort()).toEqual(made(1, 7).map(({ key }) => key));
  });

  it('gives back what a claim brings that was under way', async () => {
    const starts: string[] = [];
    const script: Script = ({ key }) => starts.push(key);
    const application = await start(script, { worker: { pollInterval: '5m', lease: '20m' } });
    const { queue } = application.app.get<Engine>(engineToken()).parts.worker['parts'];
    const claim = queue.claim.bind(queue);
    const claimed = deferred();
    queue.claim = async (request) => {
      const result = await claim(request);
      if (result.claimed.some(({ event }) => event.key === 'made_1')) {
        await application.deliveries.pause('Mails');
        claimed.resolve();
      }
      return result;
    };
    await application.log.append(made(1, 3));
    await claimed.promise;
    await left(application, { pending: 3, running: 0 });
    expect(starts).toEqual([]);
  });

  it('holds for all processes within a poll', async () => {
    const database = db.options();
    const starts: string[] = [];
    const one = await start(({ key }) => starts.push(key), {}, database);
    const [running, end] = [deferred(), deferred()];
    const script: Script = async ({ key }) => {
      starts.push(key);
      running.resolve();
      await end.promise;
    };
    await one.deliveries.pause('Mails');
    const two = await start(script, {}, database);
    await two.deliveries.resume('Mails');
    await upToDate(one);
    await one.log.append(made(1, 1));
    await until(() => starts.length === 1);
    await one.deliveries.pause('Mails');
    await upToDate(two);
    await two.log.append(made(2, 6));
    await until(async () => (await two.deliveries.counts({ handler: 'Others' })).succeeded === 6);
    end.resolve();
    await until(async () => (await mails(two)).succeeded === 1);
    await left(two, { pending: 5, running: 0 });
    expect(starts).toEqual(['made_1']);
    await two.deliveries.resume('Mails');
    await until(async () => (await mails(two)).succeeded === 6);
  });

  it('gives back what another process has claimed and not started', async () => {
    const database = db.options();
    const [running, end] = [deferred(), deferred()];
    const two = await start(
      async () => {
        running.resolve();
        await end.promise;
      },
      {},
      database,
    );
    const one = await start(undefined, { dispatch: 'none' }, database);
    await one.log.append(made(1, 8));
    await running.promise;
    await until(async () => Number((await mails(one)).running) > 1);
    await one.deliveries.pause('Mails');
    await left(one, { pending: 7, running: 1 });
    end.resolve();
    await until(async () => (await mails(one)).succeeded === 1);
    await left(two, { pending: 7, running: 0 });
  });

  it('lasts when the handler is registered again', async () => {
    const database = db.options();
    const first = await start(undefined, { dispatch: 'none' }, database);
    await first.deliveries.pause('Mails');
    const [since] = (await first.deliveries.handlers()).map(({ pausedAt }) => pausedAt);
    await first.deliveries.retire('Mails');
    const starts: string[] = [];
    const { app, log, deliveries } = await start(
      ({ key }) => starts.push(key),
      { dispatch: 'none' },
      database,
    );
    await log.append(made(1, 2));
    await deliveries.pause('Mails');
    await drain(app);
    expect(starts).toEqual([]);
    expect(await deliveries.counts({ handler: 'Mails' })).toMatchObject({ pending: 2 });
    expect(await deliveries.handlers()).toMatchObject([
      { name: 'Mails', pausedAt: since, collecting: true },
      { name: 'Others', collecting: true },
    ]);
    await deliveries.resume('Mails');
    await drain(app);
    expect(starts.sort()).toEqual(['made_1', 'made_2']);
  });

  it('knows which handlers there are', async () => {
    const { deliveries } = await start();
    await expect(deliveries.pause('Mail')).rejects.toThrow(UnknownHandlerError);
    await expect(deliveries.resume('Mail')).rejects.toThrow('Known handlers: Mails, Others');
  });

  it('is told beside what else there is to know of a handler', async () => {
    const application = await startApplication({
      database: await db.options(),
      providers: [
        scriptedHandler('B', () => undefined, { ordered: true, formerly: ['Old', 'Older'] }),
        scriptedHandler('A', () => undefined),
      ],
    });
    applications.push(application);
    const { deliveries } = application;
    const before = Date.now();
    await deliveries.pause('B');
    await deliveries.retire('A');
    const [a, b, ...rest] = await deliveries.handlers();
    expect(rest).toEqual([]);
    const about = (date?: Date) => Math.abs(Number(date) - before) < 60_000;
    expect(a).toMatchObject({ name: 'A', formerNames: [], ordered: false, collecting: false });
    expect(b).toMatchObject({ name: 'B', formerNames: ['Old', 'Older'], ordered: true, collecting: true });
    expect([about(a!.retiredAt), a!.pausedAt, b!.retiredAt, about(b!.pausedAt)]).toEqual([
      true,
      undefined,
      undefined,
      true,
    ]);
    expect([about(a!.lastHeartbeatAt), about(b!.lastHeartbeatAt)]).toEqual([true, true]);
  });
});
