import { type EventSourcingOptions, PayloadPrunedError } from 'nestjs-once';
import { drain, FixedClock } from 'nestjs-once/testing';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { deferred } from '../../support/deferred.js';
import { RecordingLogger } from '../../support/recording-logger.js';
import { scriptedHandler } from '../../support/scripted-handler.js';

/** Tells when a line is logged. */
class Listening extends RecordingLogger {
  private heard = deferred<string>();

  override log(message: unknown): void {
    super.log(message);
    if (String(message).startsWith('Retention:')) this.heard.resolve(String(message));
  }

  /** The next line of retention. */
  async line(): Promise<string> {
    const line = await this.heard.promise;
    this.heard = deferred<string>();
    return line;
  }
}

describeEachDatabase('the option retention', (db) => {
  const applications: TestApplication[] = [];
  let clock: FixedClock;
  let database: ReturnType<typeof db.options>;

  beforeEach(() => {
    clock = new FixedClock('2031-01-01');
    database = db.options();
  });

  afterEach(async () => {
    for (const each of applications.splice(0)) await each.close();
  });

  const start = async (options: EventSourcingOptions, providers: any[] = []) => {
    const application = await startApplication({
      database: await database,
      providers,
      synchronize: false,
      options: { clock, ...options },
    });
    applications.push(application);
    return application;
  };
  /** An application that looks for what is old all the time. */
  const pruning = async (retention: EventSourcingOptions['retention'], providers: any[] = []) => {
    const worker = { pollInterval: 10 };
    const options: EventSourcingOptions = {
      dispatch: 'background',
      worker,
      retention: { every: 1, ...(retention as object) },
    };
    const application = await start(options, providers);
    const logger = new Listening();
    application.app.useLogger(logger);
    return { ...application, logger };
  };
  const handled = async ({ deliveries }: TestApplication, count: number) => {
    while ((await deliveries.counts()).succeeded !== count);
  };

  it('prunes while the application runs, by its clock, and says what', async () => {
    const application = await pruning({}, [scriptedHandler('Mails', () => undefined)]);
    await application.log.append({ group: 'a', key: 'a_1', data: 1 });
    await handled(application, 1);
    clock.advance('8d');
    expect(await application.logger.line()).toBe('Retention: 1 succeeded deliveries deleted');
    expect(await application.deliveries.counts()).toMatchObject({ succeeded: 0, pending: 0 });
    expect(await application.log.get('a_1')).toMatchObject({ data: 1 });
  });

  it('ends in the middle when the application shuts down', async () => {
    const { log, deliveries, app, ...rest } = await pruning({ batchSize: 1 }, [
      scriptedHandler('Mails', () => undefined),
    ]);
    await log.append(Array.from({ length: 300 }, (_, id) => ({ group: 'a', key: `a_${id}` })));
    await handled({ log, deliveries, app, ...rest }, 300);
    clock.advance('8d');
    while ((await deliveries.counts()).succeeded === 300);
    applications.splice(0);
    await app.close();
    const { deliveries: left } = await start({});
    expect((await left.counts()).succeeded).toBeGreaterThan(0);
  });

  describe('a handler that would get an event whose data is gone', () => {
    const seen: string[] = [];
    const handlers = [
      scriptedHandler('Mails', ({ key }) => seen.push(key)),
      scriptedHandler('Stats', ({ key }) => seen.push(key), { transactional: true }),
    ];

    beforeEach(() => seen.splice(0));

    const expectDead = async ({ app, deliveries }: TestApplication) => {
      await expect(drain(app)).rejects.toThrow('PayloadPrunedError');
      const { items } = await deliveries.list();
      expect(items.map(({ handler, status, attempts }) => `${handler} ${status} ${attempts}`).sort()).toEqual(
        ['Mails dead 1', 'Stats dead 1'],
      );
      expect(items[0]!.error).toContain(new PayloadPrunedError().message);
      expect(seen).toEqual([]);
    };

    it('is not called: a delivery made by a backfill is dead at once', async () => {
      const { log, logger, close } = await pruning({ payload: '1d' });
      await log.append({ group: 'a', key: 'a_1', data: 1 });
      clock.advance('2d');
      expect(await logger.line()).toBe('Retention: data of 1 events removed');
      // It would help with the backfill.
      applications.pop();
      await close();
      const application = await start({}, handlers);
      for (const name of ['Mails', 'Stats']) expect(await application.deliveries.backfill(name)).toBe(1);
      await expectDead(application);
    });

    it('is not called: a cancelled delivery that is retried is dead at once', async () => {
      const application = await start({}, handlers);
      const { logger } = await pruning({ payload: '1d' });
      await application.log.append({ group: 'a', key: 'a_1', data: 1 });
      await application.deliveries.cancel({ all: true });
      clock.advance('2d');
      expect(await logger.line()).toBe('Retention: data of 1 events removed');
      expect(await application.deliveries.retry({ all: true })).toBe(2);
      await expectDead(application);
    });
  });
});
