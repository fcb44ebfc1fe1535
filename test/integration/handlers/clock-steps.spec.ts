import { Logger } from '@nestjs/common';
import { FixedClock } from 'nestjs-once/testing';
import type { Engine } from '../../../lib/module/engine.js';
import { engineToken } from '../../../lib/module/tokens.js';
import { ClockSteps } from '../../../lib/store/upkeep/clock-steps.js';
import { startApplication, type TestApplication } from '../../support/application.js';
import {
  type DatabaseAddress,
  dataSourceOptionsFrom,
  describeEachDatabase,
} from '../../support/databases.js';
import { deferred, until } from '../../support/deferred.js';
import { type Script, scriptedHandler } from '../../support/scripted-handler.js';

const NOON = Date.parse('2026-03-01T12:00:00Z');
const HOUR = 3_600_000;

describeEachDatabase('a clock that goes back', (db) => {
  const applications: TestApplication[] = [];
  let address: DatabaseAddress;
  let clock: FixedClock;

  const start = async (dispatch: 'none' | 'background', script: Script = () => undefined) => {
    const application = await startApplication({
      database: dataSourceOptionsFrom(address),
      providers: [scriptedHandler('One', script)],
      options: {
        dispatch,
        clock,
        worker: { pollInterval: 20 },
        retry: { interval: '1m', jitter: 0 },
        retention: false,
      },
    });
    applications.push(application);
    Logger.overrideLogger(false);
    return application;
  };

  const looked = async ({ app }: TestApplication, at: number) => {
    const { clockSteps } = app.get<Engine>(engineToken()).parts;
    await until(() => (clockSteps as unknown as { last?: number }).last === at);
  };

  const dueAt = async ({ deliveries }: TestApplication) => {
    const { items } = await deliveries.list();
    return Object.fromEntries(items.map(({ key, dueAt: due }) => [key, due?.getTime()]));
  };

  beforeEach(async () => {
    address = await db.create();
    clock = new FixedClock(NOON);
  });

  afterEach(async () => {
    for (const each of applications.splice(0)) await each.close();
  });

  it('keeps nothing waiting that is to be handled at once', async () => {
    const handled = deferred();
    const worker = await start('background', () => handled.resolve());
    await worker.deliveries.pause('One');
    await worker.log.append({ group: 'g', key: 'a' });
    await looked(worker, NOON);
    clock.set(NOON - HOUR);
    await worker.deliveries.resume('One');
    await handled.promise;
  });

  it('keeps nothing waiting for a process that starts later, where something was handled before', async () => {
    const handled = new Set<string>();
    const first = await start('background', ({ key }) => handled.add(key));
    await first.log.append({ group: 'g', key: 'a' });
    await until(async () => (await first.deliveries.counts()).succeeded === 1);
    await applications.pop()!.close();
    const recorder = await start('none');
    await recorder.log.append({ group: 'g', key: 'b' });
    clock.set(NOON - HOUR);
    await start('background', ({ key }) => handled.add(key));
    await until(() => handled.has('b'));
  });

  it('is not what finishes between the first look and the question when something last did', async () => {
    const worker = await start('background');
    clock.set(NOON + HOUR);
    await worker.log.append({ group: 'g', key: 'finished' });
    await until(async () => (await worker.deliveries.counts()).succeeded === 1);
    await applications.pop()!.close();
    const recorder = await start('none');
    await recorder.log.append({ group: 'g', key: 'waits' });
    const { database } = recorder.app.get<Engine>(engineToken()).parts;
    expect(await new ClockSteps(database).check(NOON)).toBe(0);
  });

  it('puts off a retry for no longer than it was to wait, and leaves what has a time of its own', async () => {
    const worker = await start('background', () => {
      throw new Error('again');
    });
    await worker.log.append({ group: 'g', key: 'failed' });
    await until(async () => (await dueAt(worker)).failed === NOON + 60_000);
    await applications.pop()!.close();
    const recorder = await start('none');
    await recorder.log.append({ group: 'g', key: 'timed', availableAt: new Date(NOON + HOUR) });
    await recorder.log.append({ group: 'g', key: 'at once' });
    const { database } = recorder.app.get<Engine>(engineToken()).parts;
    const steps = new ClockSteps(database);
    expect(await steps.check(NOON)).toBe(0);
    expect(await steps.check(NOON - HOUR)).toBe(2);
    expect(await steps.check(NOON - HOUR)).toBe(0);
    expect(await dueAt(recorder)).toEqual({
      failed: NOON - HOUR + 60_000,
      timed: NOON + HOUR,
      'at once': NOON - HOUR,
    });
  });
});
