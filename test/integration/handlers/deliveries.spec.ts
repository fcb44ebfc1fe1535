import {
  type EventSourcingOptions,
  InvalidOptionError,
  UnknownHandlerError,
  UnknownOptionError,
} from 'nestjs-once';
import { drain, FixedClock } from 'nestjs-once/testing';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { aborted, deferred } from '../../support/deferred.js';
import { type Script, scriptedHandler } from '../../support/scripted-handler.js';

describeEachDatabase('Deliveries', (db) => {
  const applications: TestApplication[] = [];
  let application: TestApplication;

  const start = async (
    script: Script = () => undefined,
    options: EventSourcingOptions = {},
    database = db.options(),
  ) => {
    application = await startApplication({
      database: await database,
      providers: [
        scriptedHandler('One', script, { pattern: 'one' }),
        scriptedHandler('Both', script, { pattern: '*' }),
      ],
      options: { retry: { maxRetries: 0 }, ...options },
    });
    applications.push(application);
    return application;
  };
  const append = (...keys: string[]) =>
    application.log.append(keys.map((key) => ({ group: key.split('_')[0]!, key })));

  afterEach(async () => {
    for (const each of applications.splice(0)) await each.close();
  });

  it('lists a page at a time in log order, filtered by anything', async () => {
    const clock = new FixedClock('2026-01-01T00:00:00Z');
    const { app, deliveries } = await start(undefined, { clock });
    await append('one_1', 'two_1');
    await drain(app);
    clock.advance('1h');
    await append('one_2');
    const first = await deliveries.list({}, { limit: 3 });
    expect(first.items.map(({ key, handler, status }) => `${key} ${handler} ${status}`)).toEqual([
      expect.stringMatching(/^one_1 (One|Both) succeeded$/),
      expect.stringMatching(/^one_1 (One|Both) succeeded$/),
      'two_1 Both succeeded',
    ]);
    const second = await deliveries.list({}, { limit: 3, after: first.next! });
    expect(second.items.map(({ key, status }) => `${key} ${status}`)).toEqual([
      'one_2 pending',
      'one_2 pending',
    ]);
    expect(second.next).toBeUndefined();

    const keys = async (filter: Parameters<typeof deliveries.list>[0]) =>
      (await deliveries.list(filter)).items.map(({ key, handler }) => `${key} ${handler}`);
    expect(await keys({ handler: 'One' })).toEqual(['one_1 One', 'one_2 One']);
    expect(await keys({ group: 'two' })).toEqual(['two_1 Both']);
    expect(await keys({ key: ['two_1', 'none'], status: 'succeeded' })).toEqual(['two_1 Both']);
    expect(await keys({ status: [] })).toEqual([]);
    const later = new Date('2026-01-01T00:30:00Z');
    expect(await keys({ after: later, handler: 'One' })).toEqual(['one_2 One']);
    expect(await keys({ before: later, handler: 'One' })).toEqual(['one_1 One']);
    expect(await deliveries.counts({ handler: 'Both' })).toEqual({
      pending: 1,
      running: 0,
      dead: 0,
      succeeded: 2,
      cancelled: 0,
    });
  });

  it('refuses filters and pages that it does not understand', async () => {
    const { deliveries } = await start();
    await expect(deliveries.list({ handlers: 'One' } as never)).rejects.toThrow(UnknownOptionError);
    await expect(deliveries.retry({ status: 'failed' as never })).rejects.toThrow(/status .* got "failed"/);
    await expect(deliveries.cancel({ before: new Date(NaN) })).rejects.toThrow(InvalidOptionError);
    await expect(deliveries.list({}, { after: 'somewhere' })).rejects.toThrow(InvalidOptionError);
    await expect(deliveries.list({}, { limit: NaN })).rejects.toThrow(InvalidOptionError);
    await expect(deliveries.backfill('Two')).rejects.toThrow(UnknownHandlerError);
    await expect(deliveries.backfill('Two')).rejects.toThrow('Known handlers: One, Both');
    await expect(deliveries.backfill('One', { from: 'monday' as never })).rejects.toThrow(InvalidOptionError);
  });

  it('retries what is dead, with all its attempts', async () => {
    let broken = true;
    const { app, deliveries } = await start(() => {
      if (broken) throw new Error('broken');
    });
    await append('one_1', 'one_2');
    await expect(drain(app)).rejects.toThrow('4 deliveries died');
    broken = false;
    expect(await deliveries.retry({ status: 'dead', handler: 'One', key: 'one_1' })).toBe(1);
    await drain(app);
    expect(await deliveries.counts()).toMatchObject({ succeeded: 1, dead: 3 });
    expect(await deliveries.retry()).toBe(3);
    await drain(app);
    expect(await deliveries.counts()).toMatchObject({ succeeded: 4, dead: 0 });
    expect(await deliveries.retry()).toBe(0);
  });

  it('cancels what is pending or dead, for ever or until it is retried', async () => {
    const seen: string[] = [];
    const { app, deliveries } = await start((event) => seen.push(event.key));
    await append('one_1', 'two_1');
    expect(await deliveries.cancel({ handler: 'Both' })).toBe(2);
    await drain(app);
    expect(seen).toEqual(['one_1']);
    expect(await deliveries.counts()).toMatchObject({ cancelled: 2, succeeded: 1, pending: 0 });
    expect(await deliveries.retry({ key: 'two_1' })).toBe(1);
    await drain(app);
    expect(seen).toEqual(['one_1', 'two_1']);
  });

  it.each(['this', 'another'])(
    'tells a running handler of %s process that it was cancelled',
    async (where) => {
      const database = db.options();
      const running = deferred();
      const reason = deferred<Error>();
      const script: Script = async (_, { signal }) => {
        running.resolve();
        reason.resolve(await aborted(signal));
        throw signal.reason;
      };
      const { app, deliveries } = await start(
        script,
        { dispatch: 'background', worker: { pollInterval: 20 } },
        database,
      );
      await append('two_1');
      await running.promise;
      const asked =
        where === 'this'
          ? deliveries
          : await startApplication({ database: await database, synchronize: false });
      if ('app' in asked) applications.push(asked);
      expect(await ('app' in asked ? asked.deliveries : asked).cancel({ key: 'two_1' })).toBe(1);
      expect(await reason.promise).toMatchObject({ code: 'DELIVERY_CANCELLED' });
      await drain(app);
      expect(await deliveries.counts()).toMatchObject({ cancelled: 1, pending: 0, dead: 0 });
    },
  );

  it('gives a new handler the old events on request, each once', async () => {
    const database = db.options();
    const before = await startApplication({ database: await database });
    await before.log.append([1, 2, 3].map((id) => ({ group: 'one', key: `one_${id}` })));
    await before.close();
    const seen: string[] = [];
    const { app, deliveries, log } = await start(
      (event, { handler }) => handler === 'One' && seen.push(event.key),
      {},
      database,
    );
    await drain(app);
    expect(seen).toEqual([]);
    const second = (await log.get('one_2'))!.position;
    expect(await deliveries.backfill('One', { from: second })).toBe(2);
    await drain(app);
    expect(seen.sort()).toEqual(['one_2', 'one_3']);
    expect(await deliveries.backfill('One')).toBe(1);
    expect(await deliveries.backfill('One')).toBe(0);
    await drain(app);
    expect(seen.sort()).toEqual(['one_1', 'one_2', 'one_3']);
  });

  it('gives a retired handler nothing until it returns, and then what it missed', async () => {
    const database = db.options();
    const first = await start(undefined, {}, database);
    await first.deliveries.retire('One');
    await append('one_1');
    await drain(first.app);
    expect(await first.deliveries.counts({ handler: 'One' })).toMatchObject({ pending: 0, succeeded: 0 });
    await first.close();
    const seen: string[] = [];
    const { app } = await start(
      (event, { handler }) => handler === 'One' && seen.push(event.key),
      {},
      database,
    );
    await drain(app);
    expect(seen).toEqual(['one_1']);
  });
});
