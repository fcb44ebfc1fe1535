import {
  DeliveryCancelledError,
  type DeliveryView,
  type EventSourcingOptions,
  HandlerTimeoutError,
  LeaseLostError,
  NonRetriableError,
  ShutdownError,
  SnoozeError,
} from 'nestjs-once';
import { drain, DrainFailedError, FixedClock } from 'nestjs-once/testing';
import { startApplication, type TestApplication } from '../../support/application.js';
import { aborted } from '../../support/deferred.js';
import { describeEachDatabase } from '../../support/databases.js';
import { hostileValues } from '../../support/hostile-values.js';
import { type Script, scriptedHandler } from '../../support/scripted-handler.js';

const START = new Date('2026-03-01T00:00:00Z').getTime();
const EVENT = { group: 'ordered', key: 'ordered_1' };

describeEachDatabase('retries', (db) => {
  let application: TestApplication;
  let clock: FixedClock;
  /** Milliseconds after the start at which the handler ran, and the attempt that it was told. */
  let starts: { at: number; attempt: number }[];

  const start = async (
    script: Script,
    options: EventSourcingOptions & { transactional?: boolean; timeout?: number } = {},
  ) => {
    const { transactional = false, timeout = 60_000, ...module } = options;
    clock = new FixedClock(START);
    starts = [];
    const noted: Script = (event, context) => {
      starts.push({ at: clock.now().getTime() - START, attempt: context.attempt });
      return script(event, context);
    };
    application = await startApplication({
      database: await db.options(),
      providers: [scriptedHandler('Shipping', noted, { transactional, timeout })],
      options: { clock, ...module },
    });
    return application;
  };

  const delivery = async (): Promise<DeliveryView> => (await application.deliveries.list()).items[0]!;

  afterEach(() => application?.close());

  it.each([false, true])(
    'waits longer each time, then buries with the error (transactional: %s)',
    async (transactional) => {
      const failing: Script = () => {
        throw new Error('no paper', { cause: new Error('tray 2') });
      };
      const retry = { maxRetries: 4, interval: 1000, backoff: 3, maxInterval: 10_000, jitter: 0 };
      const { app, log, deliveries } = await start(failing, { retry, transactional });
      await log.append(EVENT);

      const failed = drain(app, { retries: true });
      await expect(failed).rejects.toThrow(DrainFailedError);
      await expect(failed).rejects.toThrow(/Shipping for event ordered_1: Error: no paper/);

      expect(starts.map(({ at }) => at)).toEqual([0, 1000, 4000, 13_000, 23_000]);
      expect(starts.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5]);
      expect(await deliveries.counts()).toMatchObject({ dead: 1, pending: 0 });
      const { error, attempts, status } = await delivery();
      expect({ status, attempts }).toEqual({ status: 'dead', attempts: 5 });
      expect(error).toMatch(/no paper[^]*Caused by: Error: tray 2/);
      await drain(app, { retries: true });
      expect(starts).toHaveLength(5);
    },
  );

  it('stays pending between retries and ends well when one succeeds', async () => {
    const { app, log, deliveries } = await start((_, { attempt }) => {
      if (attempt < 3) throw new Error('not yet');
    });
    await log.append(EVENT);
    await drain(app);
    expect(await delivery()).toMatchObject({ status: 'pending', attempts: 1 });
    await drain(app, { retries: true });
    expect(await delivery()).toMatchObject({ status: 'succeeded', attempts: 3 });
    expect(await deliveries.counts()).toMatchObject({ succeeded: 1, pending: 0, dead: 0 });
  });

  it('buries at once what cannot be retried', async () => {
    const { app, log } = await start(() => {
      throw new NonRetriableError('no such address');
    });
    await log.append(EVENT);
    await expect(drain(app)).rejects.toThrow('no such address');
    expect(await delivery()).toMatchObject({ status: 'dead', attempts: 1 });
  });

  it('snoozes without using up an attempt', async () => {
    const { app, log } = await start(
      () => {
        if (clock.now().getTime() < START + 5000)
          throw new SnoozeError(new Date(clock.now().getTime() + 2500));
      },
      { retry: { maxRetries: 0 } },
    );
    await log.append(EVENT);
    await drain(app, { retries: true });
    expect(starts).toEqual([0, 2500, 5000].map((at, index) => ({ at, attempt: index + 1 })));
    expect(await delivery()).toMatchObject({ status: 'succeeded', attempts: 1 });
  });

  it('delays an event until it is available', async () => {
    const { app, log } = await start(() => undefined);
    await log.append({ ...EVENT, availableAt: new Date(START + 60_000) });
    await drain(app);
    expect(starts).toEqual([]);
    clock.advance('1m');
    await drain(app);
    expect(starts).toEqual([{ at: 60_000, attempt: 1 }]);
  });

  it('aborts the signal on timeout and counts the attempt, heeded or not', async () => {
    const reasons: Promise<Error>[] = [];
    const hanging: Script = (_, { signal }) => {
      reasons.push(aborted(signal));
      return new Promise(() => undefined);
    };
    const { app, log } = await start(hanging, { timeout: 20, retry: { maxRetries: 1, interval: 1000 } });
    await log.append(EVENT);
    await expect(drain(app, { retries: true })).rejects.toThrow('Handler Shipping did not end within 20 ms');
    expect(await Promise.all(reasons)).toEqual([
      expect.objectContaining({ code: 'HANDLER_TIMEOUT', timeout: 20 }),
      expect.objectContaining({ code: 'HANDLER_TIMEOUT' }),
    ]);
    expect(await delivery()).toMatchObject({ status: 'dead', attempts: 2 });
  });

  it.each([false, true])(
    'counts errors of the engine that a handler throws by itself as failures (transactional: %s)',
    async (transactional) => {
      const errors = [
        new LeaseLostError(),
        new ShutdownError(),
        new DeliveryCancelledError(),
        new HandlerTimeoutError('Other', 1),
      ];
      const throwing: Script = ({ data }) => {
        throw errors[data as number]!;
      };
      const { app, log, deliveries } = await start(throwing, { retry: { maxRetries: 1 }, transactional });
      await log.append(errors.map((_, index) => ({ group: 'made', key: `made_${index}`, data: index })));
      await expect(drain(app, { retries: true })).rejects.toThrow(DrainFailedError);
      expect(await deliveries.counts()).toMatchObject({ dead: errors.length, pending: 0, running: 0 });
      const { items } = await deliveries.list();
      expect(items.map(({ attempts }) => attempts)).toEqual(errors.map(() => 2));
      for (const [index, { error }] of items.entries()) expect(error).toContain(errors[index]!.message);
    },
  );

  it.each([false, true])(
    'settles a handler that throws what cannot be read (transactional: %s)',
    async (transactional) => {
      const thrown = [...hostileValues.map(([, value]) => value), undefined, null];
      const throwing: Script = ({ data }) => {
        throw thrown[data as number];
      };
      const { app, log, deliveries } = await start(throwing, { retry: { maxRetries: 0 }, transactional });
      await log.append(thrown.map((_, index) => ({ group: 'made', key: `made_${index}`, data: index })));
      await expect(drain(app)).rejects.toThrow(DrainFailedError);
      expect(await deliveries.counts()).toMatchObject({ dead: thrown.length, pending: 0, running: 0 });
      const errors = (await deliveries.list()).items.map(({ error }) => error);
      expect(errors.slice(-2)).toEqual(['Thrown: undefined', 'Thrown: null']);
    },
  );

  it('keeps an error whose text the database could not hold', async () => {
    const failing: Script = () => {
      throw new Error('a\0b\uD800c');
    };
    const { app, log } = await start(failing, { retry: { maxRetries: 0 } });
    await log.append(EVENT);
    await expect(drain(app)).rejects.toThrow(DrainFailedError);
    expect((await delivery()).error).toMatch(/a\uFFFDb\uFFFDc/);
  });
});
