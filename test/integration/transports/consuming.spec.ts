import { createHash } from 'node:crypto';
import { IsInt } from 'class-validator';
import {
  cloudEvents,
  type EventConsumerOptions,
  EventType,
  type EventSourcingOptions,
  json,
  QUARANTINED,
  raw,
  type RecordedEvent,
  type Serializer,
  Transports,
  UnreadableMessageError,
} from 'nestjs-once';
import { memory, type MemoryBroker, type MemoryMessage } from 'nestjs-once/memory';
import type { DataSourceOptions } from 'typeorm';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { deferred, until } from '../../support/deferred.js';
import { scriptedHandler } from '../../support/scripted-handler.js';
import { committing, testConsumer } from '../../support/transports.js';

@EventType('payment.Paid')
class Paid {
  @IsInt()
  amount: number;
}

describeEachDatabase('a consumer', (db) => {
  let database: DataSourceOptions;
  let broker: MemoryBroker;
  const applications: TestApplication[] = [];

  beforeEach(async () => {
    database = await db.options();
    broker = memory();
  });

  afterEach(async () => {
    for (const application of applications.splice(0)) await application.close();
  });

  const start = async (
    consumer: Partial<EventConsumerOptions> = {},
    options: EventSourcingOptions = {},
    providers: any[] = [],
  ) => {
    const application = await startApplication({
      database,
      synchronize: applications.length === 0,
      providers: [testConsumer(consumer), ...providers],
      options: {
        dispatch: 'background',
        transports: { memory: broker },
        worker: { pollInterval: 20 },
        ...options,
      },
    });
    applications.push(application);
    return application;
  };

  const publish = (value: unknown, message: Partial<MemoryMessage> = {}) =>
    broker.publish('payments', { value: JSON.stringify(value), ...message });

  const recorded = async ({ log }: TestApplication) => {
    const events: RecordedEvent<any>[] = [];
    for await (const event of log.read()) events.push(event);
    return events;
  };

  const committed = () =>
    [0, 1, 2].reduce(
      (sum, partition) => sum + (broker.committed('accounts', { topic: 'payments', partition }) ?? 0),
      0,
    );

  /** All that was published is decided. */
  const consumed = () => until(() => committed() === broker.messages('payments').length);

  const status = async ({ app }: TestApplication) => (await app.get(Transports).status()).consumers[0]!;

  it('records a message as an event: its name, data, key, time, correlation, causation, and where it came from', async () => {
    const application = await start();
    const { partition, offset } = publish(
      { name: 'payment.Created', data: { amount: 12 } },
      {
        key: 'order-3',
        timestamp: new Date('2026-01-02T03:04:05.678Z'),
        headers: {
          'message-id': 'payment_17',
          'correlation-id': 'request 5',
          'causation-id': 'order_3',
          traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
        },
      },
    );
    await consumed();
    const [event] = await recorded(application);
    expect(event).toMatchObject({
      key: 'memory:payments:payment_17',
      group: 'payment.Created',
      data: { amount: 12 },
      orderKey: 'order-3',
      occurredAt: new Date('2026-01-02T03:04:05.678Z'),
    });
    expect(event!.metadata).toEqual({
      correlationId: 'request 5',
      causationId: 'order_3',
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      source: { transport: 'memory', topic: 'payments', partition, offset },
    });
  });

  it('names a message without an id by its place, and takes the topic for its group', async () => {
    const application = await start();
    publish({ amount: 1 }, { partition: 2 });
    publish([1], { partition: 2 });
    await consumed();
    expect((await recorded(application)).map(({ key, group, data }) => ({ key, group, data }))).toEqual([
      { key: 'memory:payments:2:0', group: 'payments', data: { amount: 1 } },
      { key: 'memory:payments:2:1', group: 'payments', data: [1] },
    ]);
  });

  it('does not let an id take the place of a message that has none', async () => {
    const application = await start();
    publish('forged', { partition: 0, headers: { 'message-id': '0:1' } });
    publish('true', { partition: 0 });
    await consumed();
    expect((await recorded(application)).map(({ data }) => data)).toEqual(['forged', 'true']);
  });

  it('records a message once, however often it is sent', async () => {
    const application = await start();
    for (let time = 0; time < 3; time++)
      publish(time, { headers: { 'message-id': 'same' }, partition: time });
    publish('other', { headers: { 'message-id': 'other' } });
    await consumed();
    expect((await recorded(application)).map(({ key }) => key).sort()).toEqual([
      'memory:payments:other',
      'memory:payments:same',
    ]);
  });

  it('takes the option id before the header', async () => {
    const application = await start({ id: ({ headers }) => headers['order'] });
    publish(1, { headers: { 'message-id': 'a', order: 'b' } });
    publish(2, { headers: { 'message-id': 'c' } });
    await consumed();
    expect((await recorded(application)).map(({ key }) => key).sort()).toEqual([
      'memory:payments:b',
      'memory:payments:c',
    ]);
  });

  it('commits what is in the log, and nothing before', async () => {
    const seen: [number, number][] = [];
    const application: TestApplication = await start(
      {},
      {
        transports: {
          memory: committing(broker, async ([position], really) => {
            // Also above the safe horizon, where `read` ends: appends of other partitions are under way.
            const keys = `event_key LIKE 'memory:payments:${position!.partition}:%'`;
            const events: unknown[] = await application.dataSource.query(
              `SELECT position FROM once_event WHERE ${keys}`,
            );
            seen.push([events.length, position!.next]);
            await really();
          }),
        },
      },
    );
    for (let index = 0; index < 20; index++) publish(index);
    await consumed();
    expect(seen.length).toBeGreaterThan(0);
    for (const [events, next] of seen) expect(events).toBe(next);
  });

  it('records nothing twice after a process that ended between the append and the commit', async () => {
    const reached = deferred();
    const first = await start(
      {},
      {
        transports: {
          memory: committing(broker, () => {
            reached.resolve();
            return Promise.reject(new Error('the process is gone'));
          }),
        },
      },
    );
    publish('before');
    await reached.promise;
    await first.close();
    applications.length = 0;
    expect(committed()).toBe(0);
    const second = await start();
    publish('after');
    await consumed();
    expect((await recorded(second)).map(({ data }) => data).sort()).toEqual(['after', 'before']);
    expect((await status(second)).consumed).toBe(2);
  });

  it('keeps the order of a partition, and a message’s key for ordered handlers', async () => {
    const application = await start();
    const binary = Buffer.from([0xff, 0, 1]);
    const long = 'ä'.repeat(200);
    publish(0, { key: 'short', partition: 1 });
    publish(1, { key: binary, partition: 1 });
    publish(2, { key: long, partition: 1 });
    for (let index = 3; index < 50; index++) publish(index, { key: 'short', partition: 1 });
    await consumed();
    const events = await recorded(application);
    expect(events.map(({ data }) => data)).toEqual(Array.from({ length: 50 }, (_, index) => index));
    const hashed = (value: string | Buffer) => createHash('sha256').update(value).digest('hex');
    expect(events.slice(0, 4).map(({ orderKey }) => orderKey)).toEqual([
      'short',
      hashed(binary),
      hashed(long),
      'short',
    ]);
  });

  it('records what cannot be read as a quarantined event, once, and goes on', async () => {
    const application = await start({}, { events: [Paid] });
    broker.publish('payments', {
      value: '{',
      key: 'k',
      headers: { 'message-id': 'bad', who: 'me' },
      partition: 0,
    });
    publish({ name: 'payment.Paid', data: { amount: 'much' } }, { partition: 0 });
    publish({ name: '\0', data: 1 }, { partition: 0 });
    publish({ name: 'payment.Paid', data: { amount: 3 } }, { partition: 0 });
    broker.publish('payments', { value: '{', headers: { 'message-id': 'bad', who: 'me' }, partition: 1 });
    await consumed();
    const events = await recorded(application);
    expect(events.map(({ group }) => group).sort()).toEqual(['payment.Paid', ...Array(3).fill(QUARANTINED)]);
    const bad = await application.log.get<any>('memory:payments:bad');
    expect(bad!.data).toMatchObject({ code: 'UNREADABLE_MESSAGE', headers: { who: 'me' } });
    expect(bad!.data.error).toContain('expected JSON in UTF-8');
    expect(Buffer.from(bad!.data.value).toString()).toBe('{');
    const refused = await application.log.get<any>('memory:payments:0:1');
    expect(refused!.data).toMatchObject({ code: 'EVENT_VALIDATION' });
    expect((await application.log.get<any>('memory:payments:0:2'))!.data.code).toBe('INVALID_EVENT');
    expect((await application.log.get<any>('memory:payments:0:3'))!.data).toEqual({ amount: 3 });
  });

  describe('what could not be read', () => {
    let isOld: boolean;
    beforeEach(() => {
      isOld = true;
    });

    const readOnce = async () => {
      const deserializer: Serializer = {
        ...json(),
        deserialize: (message) => {
          if (isOld) throw new UnreadableMessageError('written by a newer version');
          return json().deserialize(message);
        },
      };
      const application = await start({ deserializer }, { events: [Paid] });
      const headers = { 'correlation-id': 'c', 'message-id': 'one' };
      publish({ name: 'payment.Paid', data: { amount: 3 } }, { key: 'k', partition: 0, headers });
      publish({ name: 'payment.Paid', data: { amount: 'x' } }, { partition: 0 });
      await consumed();
      return application;
    };
    it('is listed, and becomes an event when it can be read, once, with the quarantined one as its cause', async () => {
      const application = await readOnce();
      const transports = application.app.get(Transports);
      await until(async () => (await transports.quarantined()).length === 2);
      const [first] = await transports.quarantined({ topic: 'payments', limit: 1 });
      expect(first).toMatchObject({ key: 'memory:payments:one', topic: 'payments', partition: 0, offset: 0 });
      expect(first!.message).toMatchObject({
        code: 'UNREADABLE_MESSAGE',
        headers: { 'correlation-id': 'c' },
      });
      expect(await transports.retryQuarantined({ all: true })).toMatchObject({ recorded: 0 });
      isOld = false;
      const { recorded: count, failed } = await transports.retryQuarantined({ all: true });
      expect([count, failed.map(({ key }) => key)]).toEqual([1, ['memory:payments:0:1']]);
      await until(async () => (await transports.quarantined()).length === 1);
      const nothing = { recorded: 0, failed: [] };
      expect(await transports.retryQuarantined({ key: 'memory:payments:one' })).toEqual(nothing);
      const events = await recorded(application);
      const again = events.filter(({ group }) => group === 'payment.Paid');
      expect(again).toHaveLength(1);
      expect(again[0]).toMatchObject({
        ...{ data: { amount: 3 }, orderKey: 'k' },
        metadata: { causationId: 'memory:payments:one', correlationId: 'c', source: { offset: 0 } },
      });
      expect(again[0]!.key).toMatch(/^memory:payments:sha256-[0-9a-f]{64}$/);
    });

    it('is not read again where nothing says which: a parameter may have got lost', async () => {
      const transports = (await readOnce()).app.get(Transports);
      for (const filter of [{}, undefined, { topic: undefined }, { all: false }, { all: true, topic: 'a' }])
        await expect(async () => transports.retryQuarantined(filter as never)).rejects.toMatchObject({
          code: 'INVALID_OPTION',
        });
      await expect(async () => transports.quarantined({ topics: 'a' } as never)).rejects.toMatchObject({
        code: 'UNKNOWN_OPTION',
      });
    });
  });

  it('takes nobody’s word from outside for what the log alone says', async () => {
    const application = await start();
    const groups = ['forgetting.Forgotten', QUARANTINED];
    for (const name of groups) publish({ name, data: { subject: '42' } }, { partition: 0 });
    await consumed();
    const events = await recorded(application);
    expect(events.map(({ group }) => group)).toEqual([QUARANTINED, QUARANTINED]);
    expect(events.map(({ data }) => data.error)).toEqual(
      groups.map((group) => expect.stringContaining(group)),
    );
  });

  it('keeps no header that is too long to be an id: each event that comes of it would carry it on', async () => {
    const application = await start();
    const id = 'x'.repeat(1_000_000);
    publish({ amount: 1 }, { headers: { 'correlation-id': id, traceparent: id, 'causation-id': 'order_3' } });
    await consumed();
    const [event] = await recorded(application);
    expect(event!.metadata).toEqual({
      correlationId: event!.key,
      causationId: 'order_3',
      source: expect.anything(),
    });
  });

  it('quarantines a message for which the option id gives no string', async () => {
    const application = await start({ id: (() => 5) as never });
    publish({ amount: 1 }, { partition: 0 });
    await consumed();
    const [event] = await recorded(application);
    expect(event).toMatchObject({ key: 'memory:payments:0:0', group: QUARANTINED });
    expect((event!.data as { error: string }).error).toContain('not a string');
  });

  it('leaves out tombstones', async () => {
    const application = await start();
    broker.publish('payments', { value: null, key: 'k' });
    publish('kept', { key: 'k' });
    await consumed();
    expect((await recorded(application)).map(({ data }) => data)).toEqual(['kept']);
  });

  it('records tombstones where it is told so: who is ordered by their key hears of the end', async () => {
    const application = await start({ tombstones: 'record' });
    publish('kept', { key: 'k', partition: 0 });
    broker.publish('payments', { value: null, key: 'k', headers: { 'message-id': 'end' }, partition: 0 });
    await consumed();
    expect(await recorded(application)).toMatchObject([
      { group: 'payments', data: 'kept', orderKey: 'k' },
      { group: 'payments', data: null, orderKey: 'k', key: 'memory:payments:end' },
    ]);
  });

  it('quarantines a tombstone whose topic is called as a group of the log’s own, or an event class that refuses it', async () => {
    const topics = ['forgetting.Forgotten', 'payment.Paid'];
    const application = await start({ topics, tombstones: 'record' }, { events: [Paid] });
    for (const topic of topics) broker.publish(topic, { value: null, key: 'k' });
    await until(async () => (await recorded(application)).length === 2);
    expect((await recorded(application)).map(({ group }) => group)).toEqual([QUARANTINED, QUARANTINED]);
  });

  it('reads CloudEvents, and bytes as they are', async () => {
    const application = await start({ deserializer: cloudEvents() });
    const event = {
      specversion: '1.0',
      id: '7',
      source: '/a',
      type: 'a.B',
      time: '2026-01-01T00:00:00Z',
      data: 1,
    };
    publish(event);
    publish(event);
    await consumed();
    await application.close();
    applications.length = 0;
    const second = await start({ topics: ['bytes'], deserializer: raw(), name: 'Bytes' });
    broker.publish('bytes', { value: Buffer.from([1, 2]) });
    await until(async () => (await recorded(second)).length === 2);
    const [first, bytes] = await recorded(second);
    expect(first).toMatchObject({
      key: 'memory:payments:/a 7',
      group: 'a.B',
      data: 1,
      occurredAt: new Date('2026-01-01T00:00:00Z'),
    });
    expect(Buffer.from(bytes!.data)).toEqual(Buffer.from([1, 2]));
  });

  it('hands what it records to handlers, which retry by themselves', async () => {
    const seen: [unknown, number][] = [];
    await start({}, { retry: { interval: 1, jitter: 0 } }, [
      scriptedHandler(
        'Pays',
        ({ data }, { attempt }) => {
          seen.push([data, attempt]);
          if (attempt < 3) throw new Error('not yet');
        },
        { pattern: 'payments' },
      ),
    ]);
    publish('a');
    await until(() => seen.length === 3);
    expect(seen).toEqual([
      ['a', 1],
      ['a', 2],
      ['a', 3],
    ]);
    await consumed();
  });

  it('goes on where its group is; without a group it reads all again, and records nothing twice', async () => {
    publish('old');
    const first = await start({ position: 'latest' });
    publish('new');
    await until(async () => (await recorded(first)).length === 1);
    expect((await recorded(first)).map(({ data }) => data)).toEqual(['new']);
    await first.close();
    applications.length = 0;
    for (let time = 0; time < 2; time++) {
      const next = await start({ group: null });
      await until(async () => (await status(next)).consumed === 2);
      expect((await recorded(next)).map(({ data }) => data).sort()).toEqual(['new', 'old']);
      await next.close();
      applications.length = 0;
    }
  });

  it('without a group goes on where it was when its broker is back, and loses nothing that was sent meanwhile', async () => {
    const application = await start({ group: null, position: 'latest' });
    await until(async () => (await status(application)).partitions.length === 3);
    publish('before');
    await until(async () => (await recorded(application)).length === 1);
    broker.goAway();
    publish('meanwhile');
    broker.comeBack();
    await until(async () => (await recorded(application)).length === 2);
    expect((await recorded(application)).map(({ data }) => data)).toEqual(['before', 'meanwhile']);
    expect((await status(application)).consumed).toBe(2);
  });

  it('tells once when it has recovered and once when it has caught up, also on an empty topic', async () => {
    const told: string[] = [];
    const hooks = { onRecovered: () => told.push('recovered'), onCaughtUp: () => told.push('caught up') };
    const first = await start(hooks);
    await until(() => told.length === 2);
    for (let index = 0; index < 9; index++) publish(index);
    await consumed();
    expect(told).toEqual(['recovered', 'caught up']);
    await first.close();
    applications.length = 0;
    told.length = 0;
    for (let index = 0; index < 9; index++) publish(index);
    const counts: number[] = [];
    const second: TestApplication = await start({
      ...hooks,
      onCaughtUp: async () => {
        counts.push((await recorded(second)).length);
        told.push('caught up');
      },
    });
    await until(() => told.length === 2);
    expect([told, counts]).toEqual([['recovered', 'caught up'], [18]]);
  });

  it('shares a topic with the others of its group: nothing is lost or doubled when one comes and one goes', async () => {
    const first = await start();
    for (let index = 0; index < 30; index++) publish(index, { key: `${index}` });
    await start();
    for (let index = 30; index < 60; index++) publish(index, { key: `${index}` });
    await until(() => committed() > 30);
    await first.close();
    applications.shift();
    for (let index = 60; index < 90; index++) publish(index, { key: `${index}` });
    await consumed();
    const numbers = (await recorded(applications[0]!)).map(({ data }) => data as number);
    expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 90 }, (_, index) => index));
  });

  it('says how far it is', async () => {
    const application = await start();
    publish(1, { partition: 0 });
    publish(2, { partition: 0 });
    await consumed();
    expect(await status(application)).toEqual({
      ...{
        name: 'Accounts',
        transport: 'memory',
        topics: ['payments'],
        group: 'accounts',
        state: 'running',
        consumed: 2,
      },
      partitions: [
        { topic: 'payments', partition: 0, next: 2, end: 2, lag: 0 },
        { topic: 'payments', partition: 1, next: 0, end: 0, lag: 0 },
        { topic: 'payments', partition: 2, next: 0, end: 0, lag: 0 },
      ],
    });
  });
});
