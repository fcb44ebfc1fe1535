import { Injectable, Logger, Scope, type Type } from '@nestjs/common';
import {
  cloudEvents,
  event,
  EventProducer,
  type EventProducerOptions,
  type EventSourcingOptions,
  Followers,
  json,
  type RecordedEvent,
  SerializerUnavailableError,
  type TransportFactory,
} from 'nestjs-once';
import { memory, type MemoryBroker } from 'nestjs-once/memory';
import { whenCaughtUp } from 'nestjs-once/testing';
import type { DataSourceOptions } from 'typeorm';
import type { Engine } from '../../../lib/module/engine.js';
import { engineToken } from '../../../lib/module/tokens.js';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { deferred, until } from '../../support/deferred.js';
import { RecordingLogger } from '../../support/recording-logger.js';
import { sending, testConsumer } from '../../support/transports.js';

describeEachDatabase('a producer', (db) => {
  let database: DataSourceOptions;
  let broker: MemoryBroker;
  let application: TestApplication | undefined;

  beforeEach(async () => {
    database = await db.options();
    broker = memory();
  });

  afterEach(async () => {
    await application?.close();
    application = undefined;
    Logger.overrideLogger(false);
  });

  const producer = (options: Partial<EventProducerOptions> = {}): Type => {
    @Injectable()
    @EventProducer({
      ...{ transport: 'memory', match: 'payment.*', topic: 'payments', name: 'Payments' },
      key: ({ data }) => data?.order,
      ...options,
    })
    class TestProducer {}
    return TestProducer;
  };

  const start = async (
    producers: Type[] = [producer()],
    options: EventSourcingOptions = {},
    transport: TransportFactory = broker,
  ) => {
    application = await startApplication({
      database,
      synchronize: false,
      providers: producers,
      options: {
        dispatch: 'background',
        transports: { memory: transport },
        worker: { pollInterval: 20 },
        ...options,
      },
    });
    return application;
  };

  const restart = async (...given: Parameters<typeof start>) => {
    await application!.close();
    application = undefined;
    return start(...given);
  };

  const append = (...data: object[]) =>
    application!.log.append(
      data.map((one, index) => event('payment.Created', `${(one as { id?: number }).id ?? index}`, one)),
    );

  const caughtUp = () => whenCaughtUp(application!.app);
  const ids = (topic = 'payments') => broker.messages(topic).map(({ headers }) => headers['message-id']);
  const followers = () => application!.app.get(Followers);

  it('sends matching events with their key, data, time and headers', async () => {
    await start();
    await application!.log.append({
      ...{ group: 'payment.Created', key: 'payment_17', data: { order: 'o-3', amount: 12 } },
      occurredAt: new Date('2026-01-02T03:04:05.678Z'),
      metadata: {
        correlationId: 'request 5',
        causationId: 'order_3',
        traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      },
    });
    await application!.log.append({ group: 'other', key: 'other_1' });
    await caughtUp();
    const [message, ...others] = broker.messages('payments');
    expect(others).toEqual([]);
    expect(Buffer.from(message!.key!).toString()).toBe('o-3');
    expect(JSON.parse(Buffer.from(message!.value!).toString())).toEqual({
      name: 'payment.Created',
      data: { order: 'o-3', amount: 12 },
    });
    expect(message!.timestamp).toEqual(new Date('2026-01-02T03:04:05.678Z'));
    expect(message!.headers).toEqual({
      'content-type': 'application/json',
      'message-id': 'payment_17',
      'correlation-id': 'request 5',
      'causation-id': 'order_3',
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    });
  });

  it('sends what was recorded before it was there, and goes on where it was', async () => {
    await start([]);
    await append({ id: 1 }, { id: 2 });
    await restart();
    await caughtUp();
    await append({ id: 3 });
    await caughtUp();
    await restart();
    await append({ id: 4 });
    await caughtUp();
    expect(ids().sort()).toEqual([1, 2, 3, 4].map((id) => `payment.Created_${id}`));
  });

  it('sends the events of a key in the log’s order, in batches', async () => {
    const sizes: number[] = [];
    const transport = sending(broker, async (messages, really) => {
      sizes.push(messages.length);
      return really(messages);
    });
    await start([producer({ batchSize: 25 })], {}, transport);
    await append(...Array.from({ length: 100 }, (_, id) => ({ id, order: id % 7 })));
    await caughtUp();
    const messages = broker.messages('payments');
    expect(messages).toHaveLength(100);
    for (let order = 0; order < 7; order++) {
      const own = messages.filter(({ key }) => Buffer.from(key!).toString() === `${order}`);
      const sent = own.map(({ value }) => JSON.parse(Buffer.from(value!).toString()).data.id as number);
      expect(sent).toEqual([...sent].sort((a, b) => a - b));
    }
    expect(Math.max(...sizes)).toBe(25);
  });

  it('waits for a broker that is away, counts no attempt, and sends all when it is back', async () => {
    broker.goAway();
    await start();
    await append({ id: 1, order: 1 }, { id: 2, order: 1 });
    const tried = deferred();
    const transport = sending(broker, async (messages, really) => {
      tried.resolve();
      return really(messages);
    });
    await restart([producer()], {}, transport);
    await until(() => application!.app.get(Followers) !== undefined);
    expect((await followers().status('Payments')).failure).toBeUndefined();
    broker.comeBack();
    await tried.promise;
    await caughtUp();
    expect(ids()).toEqual(['payment.Created_1', 'payment.Created_2']);
  });

  it('takes no broker that is away for the death of a process', async () => {
    await start();
    const tries = [deferred(), deferred(), deferred()];
    let tried = 0;
    const transport = sending(broker, async (messages) => {
      tries[tried++]?.resolve();
      return messages.map(() => ({ kind: 'untaken', error: new Error('busy') }));
    });
    await restart([]);
    await append({ id: 1, order: 1 });
    const { dataSource } = application!;
    await dataSource.query("UPDATE once_follower SET starts = 1, suspect_until = 1 WHERE name = 'Payments'");
    await restart([producer()], {}, transport);
    for (const one of tries) await one.promise;
    const [row] = await application!.dataSource.query(
      "SELECT starts FROM once_follower WHERE name = 'Payments'",
    );
    expect(Number(row.starts)).toBeLessThanOrEqual(2);
  });

  it('sends again what was not taken, and only that', async () => {
    let refuse = true;
    const transport = sending(broker, async (messages, really) => {
      if (!refuse || messages.length < 4) return really(messages);
      refuse = false;
      const taken = await really(messages.filter((_, index) => index !== 1));
      return [taken[0]!, { kind: 'untaken', error: new Error('busy') }, ...taken.slice(1)];
    });
    await start([producer({ key: undefined })], {}, transport);
    await append({ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 });
    await caughtUp();
    expect(ids().sort()).toEqual([1, 2, 3, 4].map((id) => `payment.Created_${id}`));
    expect(refuse).toBe(false);
  });

  it('sends again after a process that ended between the sending and the move of its position, with the same ids', async () => {
    const sent = deferred();
    const hold = deferred();
    const transport = sending(broker, async (messages, really) => {
      const outcomes = await really(messages);
      sent.resolve();
      await hold.promise;
      return outcomes.map(() => ({ kind: 'untaken', error: new Error('the process is gone') }));
    });
    await start([producer()], {}, transport);
    await append({ id: 1, order: 1 });
    await sent.promise;
    hold.resolve();
    await restart();
    await caughtUp();
    expect(ids()).toEqual(['payment.Created_1', 'payment.Created_1']);
    // A consumer of ours makes it once.
    await application!.close();
    const received = await startApplication({
      database: await db.options(),
      providers: [testConsumer()],
      options: { dispatch: 'background', transports: { memory: broker } },
    });
    application = received;
    const committed = () =>
      [0, 1, 2].reduce(
        (sum, one) => sum + (broker.committed('accounts', { topic: 'payments', partition: one }) ?? 0),
        0,
      );
    await until(() => committed() === 2);
    const events: RecordedEvent[] = [];
    for await (const one of received.log.read()) events.push(one);
    expect(events.map(({ key }) => key)).toEqual(['memory:payments:payment.Created_1']);
  });

  it('sends nothing where its follower has been moved on meanwhile', async () => {
    await start([producer()], { dispatch: 'none' });
    await append({ id: 1 }, { id: 2 });
    const { following, followerTable, followerSet, horizon } =
      application!.app.get<Engine>(engineToken()).parts;
    const [stale] = await followerTable.look([followerSet.find('Payments')!]);
    await followers().sync({ names: ['Payments'] });
    expect(ids()).toHaveLength(2);
    expect(await following.run('Payments').next(stale!, await horizon.advance())).toEqual({ kind: 'lost' });
    expect(ids()).toHaveLength(2);
  });

  it('parks what can never be sent, with its error and the later ones of its key, and sends the others', async () => {
    broker = memory({ maxMessageBytes: 1000 });
    await start();
    const large = 'x'.repeat(2000);
    await append(
      { id: 1, order: 'a' },
      { id: 2, order: 'a', large },
      { id: 3, order: 'a' },
      { id: 4, order: 'b' },
      { id: 5, order: 'b', large: 1n },
      { id: 6, order: 'b' },
      { id: 7, order: 'c' },
    );
    await caughtUp();
    expect(ids().sort()).toEqual([1, 4, 7].map((id) => `payment.Created_${id}`));
    const { state, parked } = await followers().status('Payments');
    expect([state, parked]).toEqual(['running', 4]);
  });

  it('waits for a serializer that cannot work now, says so once, and parks nothing', async () => {
    let isAway = true;
    const serializer = {
      ...json(),
      serialize: (event: RecordedEvent, topic: string) => {
        if (isAway && (event.data as { id: number }).id > 1)
          throw new SerializerUnavailableError('test', 'the registry is away');
        return json().serialize(event, topic);
      },
    };
    await start([producer({ serializer })]);
    const logger = new RecordingLogger();
    Logger.overrideLogger(logger);
    await append({ id: 1, order: 'a' }, { id: 2, order: 'a' }, { id: 3, order: 'b' });
    await until(() => logger.of('warn').length > 0);
    expect(ids()).toEqual(['payment.Created_1']);
    expect(logger.of('warn')).toEqual([expect.stringContaining('the registry is away')]);
    isAway = false;
    await caughtUp();
    expect(ids().sort()).toEqual([1, 2, 3].map((id) => `payment.Created_${id}`));
    const { state, parked } = await followers().status('Payments');
    expect([state, parked, logger.of('warn').length]).toEqual(['running', 0, 1]);
  });

  it('sends what was parked when it can be sent, in order', async () => {
    broker = memory({ partitions: 1, maxMessageBytes: 1000 });
    const retry = { maxRetries: 0, interval: 20, maxInterval: 20, jitter: 0 };
    await start([producer()], { retry });
    await append(
      { id: 1, order: 'a', large: 'x'.repeat(2000) },
      { id: 2, order: 'a' },
      { id: 3, order: 'b' },
    );
    await caughtUp();
    await until(async () => (await followers().status('Payments')).parked === 2);
    const larger = memory({ partitions: 1 });
    const transport: TransportFactory = { ...kindOf(larger), open: () => larger.open() };
    await restart([producer()], { retry }, transport);
    await until(async () => (await followers().status('Payments')).parked === 0);
    expect(larger.messages('payments').map(({ headers }) => headers['message-id'])).toEqual([
      'payment.Created_1',
      'payment.Created_2',
    ]);
  });

  it('leaves out or stops at what can never be sent, where it is told so', async () => {
    await start([
      producer({ onError: 'skip' }),
      producer({ onError: 'stop', name: 'Strict', topic: 'strict' }),
    ]);
    await append({ id: 1, order: 'a' }, { id: 2, order: 'a', big: 1n }, { id: 3, order: 'a' });
    await until(async () => (await followers().status('Strict')).state === 'stopped');
    await until(() => ids().length === 2);
    expect(ids()).toEqual(['payment.Created_1', 'payment.Created_3']);
    expect(ids('strict')).toEqual(['payment.Created_1']);
    expect((await followers().status('Strict')).failure!.error).toContain('MessageRefusedError');
    await followers().skip('Strict', (await followers().status('Strict')).failure!.position);
    await until(() => ids('strict').length === 2);
    expect(ids('strict')).toEqual(['payment.Created_1', 'payment.Created_3']);
  });

  it('does not send to a topic what came from it, and hands it on to others', async () => {
    await start([
      testConsumer(),
      producer({ match: '*' }),
      producer({ match: '*', topic: 'copies', name: 'Copies', serializer: cloudEvents() }),
    ]);
    broker.publish('payments', {
      value: '{"name":"payment.Paid","data":1}',
      headers: { 'message-id': 'p1' },
    });
    await until(() => ids('copies').length === 1);
    await append({ id: 1 });
    await caughtUp();
    expect(ids('payments').sort()).toEqual(['p1', 'payment.Created_1']);
    // What was sent to the topic came back as another event, and went no further than the other topic.
    await until(() => ids('copies').length === 3);
    await caughtUp();
    expect(ids('copies').sort()).toEqual([
      'memory:payments:p1',
      'memory:payments:payment.Created_1',
      'payment.Created_1',
    ]);
    expect(ids('payments')).toHaveLength(2);
  });

  it('is a follower: it is listed, paused and resumed', async () => {
    await start();
    await followers().pause('Payments');
    await append({ id: 1 });
    expect(await followers().status('Payments')).toMatchObject({ state: 'paused', lag: 1 });
    expect(ids()).toEqual([]);
    await followers().resume('Payments');
    await caughtUp();
    expect(ids()).toHaveLength(1);
    expect((await followers().list()).map(({ name }) => name).sort()).toEqual([
      'EventEmitterService.memory',
      'Payments',
    ]);
  });

  it('sends before a save resolves with inline dispatch, and nothing in a dry run', async () => {
    await start([producer()], { dispatch: 'inline' });
    await append({ id: 1 });
    expect(ids()).toEqual(['payment.Created_1']);
    await restart([producer()], { dispatch: 'none' });
    await append({ id: 2 });
    const [report] = await followers().sync({ names: ['Payments'], dryRun: true });
    expect(report).toEqual({ name: 'Payments', events: 1 });
    expect(ids()).toHaveLength(1);
    await followers().sync({ names: ['Payments'] });
    expect(ids()).toHaveLength(2);
  });

  const refused = (options: object, expected: object) =>
    expect(start([producer(options)])).rejects.toMatchObject(expected);

  it('with options that are none is refused at bootstrap', async () => {
    await refused({ transport: 'kafka' }, { code: 'INVALID_TRANSPORT_USE' });
    await refused({ match: [] }, { code: 'INVALID_OPTION', option: 'match' });
    await refused({ topic: '' }, { code: 'INVALID_OPTION', option: 'topic' });
    await refused({ key: 'order' }, { code: 'INVALID_OPTION', option: 'key' });
    await refused({ topics: ['a'] }, { code: 'UNKNOWN_OPTION', option: 'topics' });
    await refused({ name: 'EventEmitterService.memory' }, { code: 'DUPLICATE_FOLLOWER' });
    @Injectable({ scope: Scope.REQUEST })
    @EventProducer({ transport: 'memory', match: '*', topic: 'a' })
    class Scoped {}
    await expect(start([Scoped])).rejects.toMatchObject({ code: 'INVALID_TRANSPORT_USE' });
  });
});

const kindOf = ({ kind, capabilities }: TransportFactory) => ({ kind, capabilities });
