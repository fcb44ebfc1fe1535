import { until } from '../../support/deferred.js';
import { SnoozeError } from 'nestjs-once';
import { drain, FixedClock } from 'nestjs-once/testing';
import type { Engine } from '../../../lib/module/engine.js';
import { engineToken } from '../../../lib/module/tokens.js';
import { startApplication, type TestApplication } from '../../support/application.js';
import { type DatabaseUnderTest, describeEachDatabase } from '../../support/databases.js';
import { registerSdk } from '../../support/open-telemetry.js';
import { type Script, scriptedHandler } from '../../support/scripted-handler.js';

const NEXT_YEAR = new Date('2027-01-01T00:00:00Z');

const sdk = registerSdk();

describeEachDatabase('metrics', (db: DatabaseUnderTest) => {
  let application: TestApplication;
  let clock: FixedClock;

  const start = async (name: string, script: Script) => {
    clock = new FixedClock('2026-01-01T00:00:00Z');
    application = await startApplication({
      database: await db.options(),
      providers: [scriptedHandler(name, script)],
      options: {
        clock,
        dispatch: 'background',
        worker: { pollInterval: 3_600_000 },
        retry: { maxRetries: 1 },
      },
    });
    return application;
  };

  /** Counters go on from test to test: each test has a handler of its own. */
  const valueOf = async (metric: string, handler: string) => {
    const points = await sdk.points(`nestjs_once.${metric}`);
    return points.find(({ attributes }) => attributes['messaging.consumer.group.name'] === handler)?.value;
  };

  afterEach(() => application.close());

  it('count what was handled, what failed, what is tried again, what is dead', async () => {
    const name = `Counts ${db.name}`;
    const { app, log } = await start(name, ({ key }) => {
      if (key === 'bad') throw new Error('no');
      if (key === 'later' && clock.now() < NEXT_YEAR) throw new SnoozeError(NEXT_YEAR);
    });
    await log.append(['bad', 'good', 'better', 'later'].map((key) => ({ group: 'g', key })));
    await expect(drain(app, { retries: true })).rejects.toMatchObject({ code: 'DRAIN_FAILED' });
    expect(await valueOf('deliveries.handled', name)).toBe(3);
    expect(await valueOf('deliveries.failed', name)).toBe(2);
    expect(await valueOf('deliveries.retries', name)).toBe(1);
    expect(await valueOf('deliveries.dead', name)).toBe(1);
  });

  it('count events when they are committed', async () => {
    const group = `recorded ${db.name}`;
    const { log, dataSource } = await start(`Nothing ${db.name}`, () => undefined);
    const recorded = async () =>
      (await sdk.points('nestjs_once.events.recorded')).find(
        ({ attributes }) => attributes['messaging.destination.name'] === group,
      )?.value;
    const one = (key: string) => ({ group, key });
    await expect(
      dataSource.transaction(async (manager) => {
        await log.append(one('lost'), { manager });
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    expect(await recorded()).toBeUndefined();
    await dataSource.transaction(async (manager) => {
      await log.append(one('kept'), { manager });
      await manager
        .transaction(async (inner) => {
          await log.append(one('undone'), { manager: inner });
          throw new Error('savepoint');
        })
        .catch(() => undefined);
      expect(await recorded()).toBeUndefined();
    });
    await until(async () => (await recorded()) === 1);
    await log.append([one('kept'), one('new')]);
    await until(async () => (await recorded()) === 2);
  });

  it('measure how long handlers run, in seconds', async () => {
    const name = `Slow ${db.name}`;
    const { app, log } = await start(name, () => new Promise((resolve) => setTimeout(resolve, 60)));
    await log.append({ group: 'g', key: 'k' });
    await drain(app);
    const duration = (await valueOf('handler.duration', name)) as { count: number; sum: number };
    expect(duration.count).toBe(1);
    expect(duration.sum).toBeGreaterThan(0.05);
    expect(duration.sum).toBeLessThan(10);
  });

  it('tell the backlog of each handler and for how long its oldest delivery has been due', async () => {
    const name = `Waits ${db.name}`;
    const { app, log, dataSource } = await start(name, () => undefined);
    const { worker } = app.get<Engine>(engineToken()).parts;
    await worker.stopClaiming();
    await worker.idle();
    await log.append(['a', 'b', 'c'].map((key) => ({ group: 'g', key })));
    await log.append({ group: 'g', key: 'd', availableAt: NEXT_YEAR });
    clock.advance(90_000);
    let queries = 0;
    const make = dataSource.createQueryRunner.bind(dataSource);
    dataSource.createQueryRunner = (mode) => {
      queries++;
      return make(mode);
    };
    expect(await valueOf('deliveries.backlog', name)).toBe(3);
    expect(await valueOf('deliveries.lag', name)).toBe(90);
    // Asked again within seconds it costs nothing.
    expect(queries).toBe(1);
  });
});
