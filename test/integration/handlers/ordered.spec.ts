import type { Provider } from '@nestjs/common';
import {
  type EventHandlerOptions,
  type EventSourcingOptions,
  NonRetriableError,
  SnoozeError,
} from 'nestjs-once';
import { drain, FixedClock } from 'nestjs-once/testing';
import type { Engine } from '../../../lib/module/engine.js';
import { engineToken } from '../../../lib/module/tokens.js';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { deferred, until } from '../../support/deferred.js';
import { type Script, scriptedHandler } from '../../support/scripted-handler.js';

const START = Date.parse('2026-03-01T00:00:00Z');
const MINUTE = 60_000;

/** Of one group; the order key is what comes before the colon. */
const made = (...keys: string[]) =>
  keys.map((key) => ({ group: 'made', key, ...(key.includes(':') ? { orderKey: key.split(':')[0]! } : {}) }));

describeEachDatabase('ordered handlers', (db) => {
  const applications: TestApplication[] = [];
  let clock: FixedClock;
  /** Keys of events in the order in which their handler started. */
  let starts: string[];

  const start = async (
    script: Script,
    options: EventSourcingOptions = {},
    handler: EventHandlerOptions & { pattern?: string } = {},
    { database = db.options(), others = [] as Provider[] } = {},
  ) => {
    const noted: Script = (event, context) => {
      starts.push(event.key);
      return script(event, context);
    };
    const application = await startApplication({
      database: await database,
      providers: [scriptedHandler('Projection', noted, { ordered: true, ...handler }), ...others],
      options: { clock, retry: { maxRetries: 2, interval: 1000, backoff: 1, jitter: 0 }, ...options },
      synchronize: applications.length === 0,
    });
    applications.push(application);
    return application;
  };

  /** Only those of one order key. */
  const startsOf = (key: string) => starts.filter((start) => start.startsWith(`${key}:`));

  beforeEach(() => {
    clock = new FixedClock(START);
    starts = [];
  });

  afterEach(async () => {
    for (const each of applications.splice(0)) await each.close();
  });

  it('are given the orderKey of the event, which is absent where it has none', async () => {
    const given: Record<string, unknown> = {};
    const note: Script = (event) => {
      const key = event.key === 'a:1' && 'a:1' in given ? 'unordered' : event.key;
      given[key] = 'orderKey' in event ? event.orderKey : 'absent';
    };
    const others = [scriptedHandler('Unordered', note, { pattern: 'made' })];
    const { app, log } = await start(note, {}, {}, { others });
    await log.append(made('a:1', 'b'));
    await drain(app);
    expect(given).toEqual({ 'a:1': 'a', b: 'absent', unordered: 'a' });
    expect(await log.get('a:1')).toHaveProperty('orderKey', 'a');
  });

  it.each([false, true])(
    'handle the events of a key one at a time, in log order, keys beside each other (transactional: %s)',
    async (transactional) => {
      const running = new Map<string, number>();
      let most = 0;
      let mostOfKey = 0;
      const script: Script = async ({ key }) => {
        const orderKey = key.split(':')[0]!;
        running.set(orderKey, (running.get(orderKey) ?? 0) + 1);
        mostOfKey = Math.max(mostOfKey, running.get(orderKey)!);
        most = Math.max(
          most,
          [...running.values()].reduce((sum, count) => sum + count),
        );
        await new Promise((resolve) => setImmediate(resolve));
        running.set(orderKey, running.get(orderKey)! - 1);
      };
      const { app, log, deliveries } = await start(script, {}, { transactional });
      for (const number of [1, 2, 3]) await log.append(made(`b:${number}`, `a:${number}`, `c:${number}`));
      await log.append(made('a:4', 'a:5'));
      await drain(app);
      expect(startsOf('a')).toEqual(['a:1', 'a:2', 'a:3', 'a:4', 'a:5']);
      expect(startsOf('b')).toEqual(['b:1', 'b:2', 'b:3']);
      expect(mostOfKey).toBe(1);
      if (!transactional) expect(most).toBe(3);
      expect(await deliveries.counts()).toMatchObject({ succeeded: 11, pending: 0 });
    },
  );

  it('hold back the key of one that is retried, and no other; let it go when that one is dead', async () => {
    const { app, log } = await start(({ key }) => {
      if (key === 'a:1') throw new Error('not this one');
    });
    await log.append(made('a:1', 'a:2', 'b:1', 'b:2', 'a:3'));
    await drain(app);
    expect(startsOf('a')).toEqual(['a:1']);
    expect(startsOf('b')).toEqual(['b:1', 'b:2']);
    await expect(drain(app, { retries: true })).rejects.toThrow('a:1');
    expect(startsOf('a')).toEqual(['a:1', 'a:1', 'a:1', 'a:2', 'a:3']);
    expect(clock.now().getTime()).toBe(START + 2000);
  });

  it('let the key go at once when one cannot be retried', async () => {
    const { app, log } = await start(({ key }) => {
      if (key === 'a:1') throw new NonRetriableError('never');
    });
    await log.append(made('a:1', 'a:2'));
    await expect(drain(app)).rejects.toThrow('never');
    expect(starts).toEqual(['a:1', 'a:2']);
  });

  it('hold back the key of one that is put off or delayed', async () => {
    const { app, log } = await start(({ key }, { attempt }) => {
      if (key === 'a:1' && attempt === 1) throw new SnoozeError(new Date(START + MINUTE));
    });
    await log.append(made('a:1', 'a:2'));
    await log.append({ ...made('b:1')[0]!, availableAt: new Date(START + 2 * MINUTE) });
    await log.append(made('b:2', 'c:1'));
    await drain(app);
    expect(starts.sort()).toEqual(['a:1', 'c:1']);
    clock.advance(MINUTE);
    await drain(app);
    expect(startsOf('a')).toEqual(['a:1', 'a:1', 'a:2']);
    expect(startsOf('b')).toEqual([]);
    await drain(app, { retries: true });
    expect(startsOf('b')).toEqual(['b:1', 'b:2']);
    expect(clock.now().getTime()).toBe(START + 2 * MINUTE);
  });

  it('let the key of a cancelled one go', async () => {
    const { app, log, deliveries } = await start(() => {
      throw new SnoozeError(new Date(START + MINUTE));
    });
    await log.append(made('a:1', 'a:2'));
    await drain(app);
    expect(await deliveries.cancel({ key: 'a:1' })).toBe(1);
    await drain(app);
    expect(starts).toEqual(['a:1', 'a:2']);
  });

  it.each(['dead', 'cancelled'])(
    'put a %s one that is retried before what waits in its key',
    async (status) => {
      let broken = true;
      const { app, log, deliveries } = await start(async ({ key }) => {
        if (broken) throw new NonRetriableError('broken');
        await new Promise((resolve) => setImmediate(resolve));
        starts.push(`${key} ends`);
      });
      await log.append(made('a:1'));
      if (status === 'cancelled') await deliveries.cancel({ key: 'a:1' });
      await drain(app).catch(() => undefined);
      broken = false;
      starts = [];
      await log.append(made('a:2', 'a:3'));
      expect(await deliveries.retry({ status: status as 'dead' })).toBe(1);
      await drain(app);
      expect(starts).toEqual(['a:1', 'a:2', 'a:3'].flatMap((key) => [key, `${key} ends`]));
    },
  );

  it('handle events without an order key beside each other', async () => {
    const all = deferred();
    const { app, log } = await start(async () => {
      if (starts.length === 3) all.resolve();
      await all.promise;
    });
    await log.append(made('one', 'two', 'three'));
    await drain(app);
    expect(starts.sort()).toEqual(['one', 'three', 'two']);
  });

  it('go on by themselves when one of a key is settled, without a look at what is due', async () => {
    const { log, deliveries } = await start(
      ({ key }, { attempt }) => {
        if (key === 'a:3' && attempt === 1) throw new Error('once');
        if (key === 'a:5') throw new NonRetriableError('never');
        if (key === 'a:7' && attempt === 1) throw new SnoozeError(new Date());
      },
      {
        clock: { now: () => new Date() },
        dispatch: 'background',
        worker: { pollInterval: '1h' },
        retry: { interval: 10 },
      },
    );
    const keys = Array.from({ length: 30 }, (_, number) => `a:${number}`);
    await log.append(made(...keys));
    await until(async () => (await deliveries.counts()).succeeded === 29);
    const [three, seven] = ['a:3', 'a:7'];
    expect(starts).toEqual(keys.flatMap((key) => (key === three || key === seven ? [key, key] : [key])));
  });

  it('that are suspects run alone, before what waits in their key', async () => {
    const { app, log, dataSource } = await start(() => undefined);
    await log.append(made('a:1', 'a:2'));
    const { leases } = app.get<Engine>(engineToken()).parts;
    for (let deaths = 0; deaths < 3; deaths++) {
      await dataSource.query(
        "UPDATE once_delivery SET state = 1, worker_id = 99999 WHERE position = (SELECT position FROM once_event WHERE event_key = 'a:1')",
      );
      expect(await leases.rescue()).toBe(1);
    }
    await drain(app);
    expect(starts).toEqual(['a:1', 'a:2']);
  });

  it.each([5, 600])('handle %s events of a transaction inline, in order', async (count) => {
    const { log, deliveries } = await start(() => undefined, { dispatch: 'inline' });
    const keys = Array.from({ length: count }, (_, number) => `${number % 5 ? 'a' : 'b'}:${number}`);
    await log.append(made(...keys));
    expect(await deliveries.counts()).toMatchObject({ succeeded: count, pending: 0 });
    for (const key of ['a', 'b']) expect(startsOf(key)).toEqual(keys.filter((one) => one.startsWith(key)));
  });

  it.each([false, true])(
    'handle inline what they record in their own key, behind themselves (transactional: %s)',
    async (transactional) => {
      const script: Script = async ({ key }, { manager }) => {
        const number = Number(key.split(':')[1]);
        if (number < 4) await log.append(made(`a:${number + 1}`), transactional ? { manager } : {});
        starts.push(`${key} ends`);
      };
      const { log, deliveries } = await start(script, { dispatch: 'inline' }, { transactional });
      await log.append(made('a:1'));
      expect(starts).toEqual([1, 2, 3, 4].flatMap((number) => [`a:${number}`, `a:${number} ends`]));
      expect(await deliveries.counts()).toMatchObject({ succeeded: 4, pending: 0 });
    },
  );

  it('handle inline what several record at the same time: each has been handled when its call returns', async () => {
    const { log, deliveries } = await start(() => new Promise((resolve) => setImmediate(resolve)), {
      dispatch: 'inline',
    });
    await Promise.all(
      Array.from({ length: 12 }, async (_, number) => {
        const key = `a:${number}`;
        await log.append(made(key));
        expect(starts).toContain(key);
      }),
    );
    expect(await deliveries.counts()).toMatchObject({ succeeded: 12, pending: 0 });
  });

  it('handle inline what is recorded in their key by handlers that run for them', async () => {
    const recording = scriptedHandler('Recording', () => log.append(made('a:2')), { pattern: 'between' });
    const { log, deliveries } = await start(
      ({ key }) => key === 'a:1' && log.append({ group: 'between', key: 'between' }),
      { dispatch: 'inline' },
      { pattern: 'made' },
      { others: [recording] },
    );
    await log.append(made('a:1'));
    expect(starts).toEqual(['a:1', 'a:2']);
    expect(await deliveries.counts()).toMatchObject({ succeeded: 3, pending: 0 });
  });

  it('handle inline what the other handlers of their events record in their key', async () => {
    const recording = scriptedHandler('Recording', ({ key }) => key === 'a:1' && log.append(made('a:2')));
    const { log, deliveries } = await start(
      () => undefined,
      { dispatch: 'inline' },
      {},
      { others: [recording] },
    );
    await log.append(made('a:1'));
    expect(starts).toEqual(['a:1', 'a:2']);
    expect(await deliveries.counts()).toMatchObject({ succeeded: 4, pending: 0 });
  });

  it('have one attempt of each event inline; a failure holds its key back', async () => {
    const { log, deliveries } = await start(
      ({ key }) => {
        if (key === 'a:1') throw new Error('not yet');
      },
      { dispatch: 'inline', retry: { maxRetries: 5, interval: 0 } },
    );
    await log.append(made('a:1', 'a:2', 'b:1'));
    expect(starts).toEqual(['a:1', 'b:1']);
    expect(await deliveries.counts()).toMatchObject({ succeeded: 1, pending: 2 });
  });

  it('that are ordered no more still handle in order what has an order key', async () => {
    const database = db.options();
    const before = await start(() => undefined, {}, {}, { database });
    await before.log.append(made('a:1', 'a:2', 'a:3'));
    const after = await start(() => undefined, {}, { ordered: false }, { database });
    await after.log.append(made('a:4'));
    const keys = await after.dataSource.query<{ order_key: string | null }[]>(
      'SELECT order_key FROM once_delivery ORDER BY position',
    );
    expect(keys.map((row) => row.order_key)).toEqual(['a', 'a', 'a', null]);
    await drain(after.app);
    expect(starts.filter((key) => key !== 'a:4')).toEqual(['a:1', 'a:2', 'a:3']);
    expect(starts).toHaveLength(4);
    const again = await start(() => undefined, {}, {}, { database });
    await again.log.append(made('a:5', 'a:6'));
    await drain(again.app);
    expect(starts.slice(-2)).toEqual(['a:5', 'a:6']);
  });

  it('get a key on what a writer records that did not know them', async () => {
    const database = db.options();
    const other = await startApplication({ database: await database, options: { clock } });
    applications.push(other);
    const { app, dataSource } = await start(() => undefined, {}, {}, { database });
    await other.log.append(made('a:1', 'a:2'));
    const { fanOut, horizon } = app.get<Engine>(engineToken()).parts;
    const last = (await other.log.get('a:2'))!.position;
    await until(async () => (await horizon.advance()) >= last);
    expect(await fanOut.reconcile()).toBe(2);
    const rows = await dataSource.query<{ order_key: string }[]>('SELECT order_key FROM once_delivery');
    expect(rows.map((row) => row.order_key)).toEqual(['a', 'a']);
  });
});
