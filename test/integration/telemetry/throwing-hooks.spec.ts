import { metrics, trace } from '@opentelemetry/api';
import { type EventSourcingOptions, ModelEventSource, event } from 'nestjs-once';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { until } from '../../support/deferred.js';
import { scriptedHandler } from '../../support/scripted-handler.js';

function fail(): never {
  throw new Error('a hook');
}

const tracer = { startSpan: fail, startActiveSpan: fail };
const instrument = { add: fail, record: fail };
const meter = {
  createCounter: () => instrument,
  createHistogram: () => instrument,
  createObservableGauge: () => instrument,
  addBatchObservableCallback: fail,
  removeBatchObservableCallback: fail,
};
trace.setGlobalTracerProvider({ getTracer: () => tracer });
metrics.setGlobalMeterProvider({ getMeter: () => meter } as never);

@Entity()
class Order {
  @PrimaryGeneratedColumn()
  id: number;

  @Column()
  name: string;
}

class Orders {
  @ModelEventSource(Order)
  events({ id }: Order) {
    return [event('order', id)];
  }
}

const LOGGER = { log: fail, warn: fail, error: fail, debug: fail, verbose: fail, fatal: fail };

/** Nothing that these tests do is without a hook that throws: telemetry, loggers, subscribers, callbacks. */
describeEachDatabase('an application whose hooks throw', (db) => {
  let application: TestApplication;

  const start = async (options: EventSourcingOptions) => {
    application = await startApplication({
      database: await db.options(),
      entities: [Order],
      providers: [
        Orders,
        scriptedHandler('Works', () => undefined),
        scriptedHandler('Fails once', (_, { attempt }) => attempt === 1 && fail()),
        scriptedHandler('Fails', fail, { retry: { maxRetries: 0 } }),
        scriptedHandler('In a transaction', () => undefined, { transactional: true }),
      ],
      options: { retry: { interval: 1, jitter: 0 }, ...options },
    });
    application.app.useLogger(LOGGER);
    application.log.stream().subscribe({ next: fail, complete: fail });
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- that is what is tried
    application.log.stream().subscribe(() => Promise.reject(new Error('a promise')));
    return application;
  };
  const handled = () =>
    until(async () => {
      const { succeeded, dead } = await application.deliveries.counts();
      return succeeded === 3 && dead === 1;
    });

  it('commits, settles every run, and shuts down', async () => {
    const { dataSource, deliveries } = await start({ dispatch: 'background', worker: { pollInterval: 20 } });
    await dataSource.getRepository(Order).save({ name: 'one' });
    await handled();
    expect(await deliveries.retry({ status: 'dead' }, { onProgress: fail })).toBe(1);
    await handled();
    await application.close();
  });

  it('does so with inline dispatch', async () => {
    const { log, deliveries } = await start({ dispatch: 'inline' });
    await log.append({ group: 'order', key: 'order_1' });
    expect(await deliveries.counts()).toMatchObject({ succeeded: 2, pending: 1, dead: 1, running: 0 });
    await application.close();
  });

  it('re-scans what was written past it', async () => {
    const { dataSource, log, rescan } = await start({});
    await dataSource.query(`INSERT INTO ${dataSource.driver.escape('order')} (name) VALUES ('raw')`);
    const { totals } = await rescan.run({ onProgress: fail });
    expect(totals).toMatchObject({ rows: 1, recorded: 1, failed: 0 });
    expect(await log.get('order_1')).toBeDefined();
    await application.close();
  });
});
