import { Injectable, Logger, Scope } from '@nestjs/common';
import {
  EventConsumer,
  type EventSourcingOptions,
  EventType,
  json,
  type RecordedEvent,
  type Serializer,
  SerializerUnavailableError,
  type TransportFactory,
  Transports,
} from 'nestjs-once';
import { memory, type MemoryBroker } from 'nestjs-once/memory';
import type { Engine } from '../../../lib/module/engine.js';
import { engineToken } from '../../../lib/module/tokens.js';
import { startApplication, type TestApplication } from '../../support/application.js';
import { CuttableProxy } from '../../support/cuttable-proxy.js';
import { dataSourceOptionsFrom } from '../../support/data-source-options.js';
import { describeEachDatabase } from '../../support/databases.js';
import { deferred, until } from '../../support/deferred.js';
import { RecordingLogger } from '../../support/recording-logger.js';
import { committing, testConsumer } from '../../support/transports.js';

const AWAY = /^warn: Transport memory: the broker cannot be reached \(.+\): waiting for it\.$/;
const BACK = /^log: Transport memory: the broker is back after \d+ s\.$/;

describeEachDatabase('a consumer', (db) => {
  let broker: MemoryBroker;
  let logger: RecordingLogger;
  let application: TestApplication | undefined;

  beforeEach(() => {
    broker = memory({ partitions: 1 });
  });

  afterEach(async () => {
    await application?.close();
    application = undefined;
    Logger.overrideLogger(false);
  });

  const start = async (
    options: EventSourcingOptions = {},
    providers = [testConsumer()],
    given = db.options(),
  ) => {
    application = await startApplication({
      database: await given,
      providers,
      options: { dispatch: 'background', transports: { memory: broker }, ...options },
    });
    logger = new RecordingLogger();
    Logger.overrideLogger(logger);
    return application;
  };

  const data = async () => {
    const events: RecordedEvent[] = [];
    for await (const event of application!.log.read()) events.push(event);
    return events.map((event) => event.data);
  };

  const publish = (value: unknown) => broker.publish('payments', { value: JSON.stringify(value) });
  const committed = () => broker.committed('accounts', { topic: 'payments', partition: 0 }) ?? 0;
  const services = () =>
    application!.app.get<Engine>(engineToken()).services.flatMap(({ failure }) => failure ?? []);
  const status = async () => (await application!.app.get(Transports).status()).consumers[0]!;

  it('starts without its broker, tells once that it is away and once that it is back, and goes on', async () => {
    broker.goAway();
    await start();
    await until(async () => (await status()).state === 'waiting');
    expect(services()).toEqual(['the broker of transport memory cannot be reached']);
    expect((await application!.app.get(Transports).status()).transports).toEqual([
      { name: 'memory', kind: 'memory', failure: 'the broker of transport memory cannot be reached' },
    ]);
    publish('a');
    broker.comeBack();
    await until(() => committed() === 1);
    broker.goAway();
    await until(async () => (await status()).state === 'waiting');
    publish('b');
    broker.comeBack();
    await until(() => committed() === 2);
    expect(await data()).toEqual(['a', 'b']);
    expect(services()).toEqual([]);
    const told = logger.lines.filter((line) => line.includes('Transport memory'));
    // The first time was before the logger was the test's.
    expect(told).toEqual([
      expect.stringMatching(BACK),
      expect.stringMatching(AWAY),
      expect.stringMatching(BACK),
    ]);
  });

  it('does not start without a broker that is required', async () => {
    broker.goAway();
    const required: TransportFactory = {
      ...{ kind: 'memory', capabilities: broker.capabilities, required: true },
      open: () => broker.open(),
    };
    await expect(start({ transports: { memory: required } })).rejects.toMatchObject({ code: 'BROKER_AWAY' });
  });

  it('shuts down while its broker is away', async () => {
    broker.goAway();
    await start();
    await until(async () => (await status()).state === 'waiting');
    await application!.close();
    application = undefined;
    expect(logger.of('error')).toEqual([]);
  });

  it('goes on when an offset could not be committed, and says so', async () => {
    let refuse = true;
    await start({
      transports: {
        memory: committing(broker, (_, really) => (refuse ? Promise.reject(new Error('no')) : really())),
      },
    });
    publish('a');
    await until(() => logger.of('warn').length === 1);
    expect(logger.of('warn')[0]).toContain('the offset 1 of payments/0 could not be committed: Error: no');
    refuse = false;
    publish('b');
    await until(() => committed() === 2);
    expect(await data()).toEqual(['a', 'b']);
  });

  it('that cannot record says so once, is unhealthy, and goes on by itself', async () => {
    const { dataSource } = await start();
    await dataSource.query('ALTER TABLE once_event RENAME TO once_event_gone');
    publish('a');
    await until(async () => (await status()).failure !== undefined);
    await until(() => logger.of('error').some((line) => line.includes('could not record what it received')));
    expect(services().join()).toContain('Accounts: it could not record what it received');
    expect(committed()).toBe(0);
    await dataSource.query('ALTER TABLE once_event_gone RENAME TO once_event');
    await until(() => committed() === 1);
    expect(await data()).toEqual(['a']);
    expect((await status()).failure).toBeUndefined();
    expect(logger.of('error').filter((line) => line.includes('could not record'))).toHaveLength(1);
  });

  it('reads again what its deserializer cannot read now, says so once, and quarantines nothing', async () => {
    let isAway = true;
    const deserializer: Serializer = {
      ...json(),
      deserialize: (message) => {
        if (isAway) throw new SerializerUnavailableError('test', 'the registry is away');
        return json().deserialize(message);
      },
    };
    await start({}, [testConsumer({ deserializer })]);
    publish('a');
    await until(() => logger.of('error').length > 0);
    publish('b');
    expect(committed()).toBe(0);
    isAway = false;
    await until(() => committed() === 2);
    expect(await data()).toEqual(['a', 'b']);
    expect(logger.of('error')).toEqual([expect.stringContaining('the registry is away')]);
  });

  it('waits at shutdown for what it is recording', async () => {
    const [reached, release] = [deferred(), deferred()];
    await start({
      transports: {
        memory: committing(broker, async (_, really) => {
          reached.resolve();
          await release.promise;
          await really();
        }),
      },
    });
    publish('a');
    await reached.promise;
    const closed = application!.close();
    release.resolve();
    await closed;
    application = undefined;
    expect(committed()).toBe(1);
  });

  if (db.name !== 'sqlite') {
    let proxy: CuttableProxy;
    const startBehindProxy = async (options: EventSourcingOptions) => {
      const address = await db.create();
      proxy = await CuttableProxy.before(address.url);
      const through = { ...address, url: proxy.through(address.url) };
      await start(options, undefined, Promise.resolve(dataSourceOptionsFrom(through, { logging: false })));
    };

    const closeBehindProxy = async () => {
      await application!.close();
      application = undefined;
      await proxy.close();
    };

    it('commits nothing while the database is away, and goes on by itself', async () => {
      await startBehindProxy({ worker: { pollInterval: 20 } });
      publish('a');
      await until(() => committed() === 1);
      proxy.cut();
      publish('b');
      await until(() => logger.of('warn').some((line) => line.includes('The database cannot be reached')));
      publish('c');
      expect(committed()).toBe(1);
      expect(logger.of('error')).toEqual([]);
      proxy.restore();
      await until(() => committed() === 3);
      expect(await data()).toEqual(['a', 'b', 'c']);
      await closeBehindProxy();
    });

    it('quarantines nothing that its class could not judge while the database was away', async () => {
      let ask: () => Promise<unknown> = async () => undefined;
      @EventType('payment.Judged')
      class Judged {
        amount: number;
        async validate() {
          await ask();
        }
      }
      await startBehindProxy({ events: [Judged] });
      ask = () => application!.dataSource.query('SELECT 1');
      proxy.cut();
      publish({ name: 'payment.Judged', data: { amount: 1 } });
      await until(() => logger.of('warn').some((line) => line.includes('The database cannot be reached')));
      expect(committed()).toBe(0);
      proxy.restore();
      await until(() => committed() === 1);
      expect(await data()).toEqual([{ amount: 1 }]);
      await closeBehindProxy();
    });
  }

  const refused = async (options: object, expected: object, given: EventSourcingOptions = {}) => {
    @Injectable()
    @EventConsumer({ transport: 'memory', topics: ['a'], group: 'g', ...options })
    class Wrong {}
    await expect(start(given, [Wrong])).rejects.toMatchObject(expected);
  };

  it('with options that are none is refused at bootstrap', async () => {
    await refused({ transport: 'kafka' }, { code: 'INVALID_TRANSPORT_USE' });
    await refused({ topics: [] }, { code: 'INVALID_OPTION', option: 'topics' });
    await refused({ group: undefined }, { code: 'INVALID_OPTION', option: 'group' });
    await refused({ position: 'first' }, { code: 'INVALID_OPTION', option: 'position' });
    await refused({ tombstones: true }, { code: 'INVALID_OPTION', option: 'tombstones' });
    await refused({ deserializer: {} }, { code: 'INVALID_OPTION', option: 'deserializer' });
    await refused({ topic: 'a' }, { code: 'UNKNOWN_OPTION', option: 'topic' });
    await refused({ dataSource: 'other' }, { code: 'INVALID_TRANSPORT_USE' });
    await refused(
      {},
      { code: 'INVALID_OPTION', option: 'transports.memory' },
      { transports: { memory: {} as never } },
    );
    await refused({}, { code: 'INVALID_OPTION', option: 'transports' }, { transports: { 'a b': broker } });
    const poor: TransportFactory = {
      kind: 'memory',
      capabilities: { positions: false, groupless: false },
      open: () => broker.open(),
    };
    await refused({}, { code: 'TRANSPORT_CAPABILITY' }, { transports: { memory: poor } });
    await refused(
      { position: 'latest', group: null },
      { code: 'TRANSPORT_CAPABILITY' },
      { transports: { memory: poor } },
    );
  });

  it('that is made for each request, or has the name of another, is refused at bootstrap', async () => {
    @Injectable({ scope: Scope.REQUEST })
    @EventConsumer({ transport: 'memory', topics: ['a'], group: 'g' })
    class Scoped {}
    await expect(start({}, [Scoped])).rejects.toMatchObject({ code: 'INVALID_TRANSPORT_USE' });
    await expect(start({}, [testConsumer(), testConsumer()])).rejects.toMatchObject({
      code: 'INVALID_TRANSPORT_USE',
    });
  });
});
