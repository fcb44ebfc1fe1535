import { IsInt } from 'class-validator';
import {
  type EventSourcingOptions,
  EventEmitterService,
  EventProducer,
  EventType,
  Followers,
  type RecordedEvent,
} from 'nestjs-once';
import { memory, type MemoryBroker } from 'nestjs-once/memory';
import type { DataSourceOptions } from 'typeorm';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { deferred, until } from '../../support/deferred.js';
import { scriptedHandler } from '../../support/scripted-handler.js';
import { sending } from '../../support/transports.js';

@EventType('payment.Paid', { key: ({ id }: Paid) => `paid_${id}` })
class Paid {
  @IsInt()
  id: number;

  constructor(id: number) {
    this.id = id;
  }
}

@EventProducer({
  ...{ transport: 'memory', match: 'payment.*', topic: 'payments' },
  key: ({ data }) => `order ${data.id}`,
})
class Payments {}

describeEachDatabase('EventEmitterService.send', (db) => {
  let database: DataSourceOptions;
  let broker: MemoryBroker;
  let application: TestApplication;
  let emitter: EventEmitterService;

  beforeEach(async () => {
    database = await db.options();
    broker = memory();
  });

  afterEach(() => application.close());

  const start = async (options: EventSourcingOptions = {}, providers: any[] = [Payments]) => {
    application = await startApplication({
      database,
      synchronize: false,
      providers,
      options: {
        ...{ dispatch: 'background', events: [Paid], transports: { memory: broker } },
        worker: { pollInterval: 20 },
        ...options,
      },
    });
    emitter = application.app.get(EventEmitterService);
  };

  const texts = (topic: string) => broker.messages(topic).map(({ value }) => Buffer.from(value!).toString());
  const ids = (topic: string) => broker.messages(topic).map(({ headers }) => headers['message-id']);

  it('resolves when the broker has the event, which is in the log', async () => {
    await start();
    expect(await emitter.send(new Paid(7), 'audit', { key: 'k' })).toEqual({ key: 'paid_7', recorded: true });
    const [message] = broker.messages('audit');
    expect(Buffer.from(message!.key!).toString()).toBe('k');
    expect(JSON.parse(texts('audit')[0]!)).toEqual({ name: 'payment.Paid', data: { id: 7 } });
    const recorded = await application.log.get('paid_7');
    expect(recorded!.metadata.destination).toEqual({ transport: 'memory', topic: 'audit', key: 'k' });
  });

  it('sends an event without a class, under a key of its own', async () => {
    await start();
    const { key } = await emitter.send({ group: 'note', data: [1] }, 'notes');
    expect(ids('notes')).toEqual([key]);
    expect(await emitter.send({ group: 'note', key: 'n1' }, 'notes')).toEqual({ key: 'n1', recorded: true });
  });

  it('sends to the topic of a producer once, as that writes', async () => {
    await start();
    await emitter.send(new Paid(1), 'payments');
    await application.log.log(new Paid(2));
    await until(() => ids('payments').length === 2);
    await until(async () => (await application.app.get(Followers).status('Payments')).lag === 0);
    expect(ids('payments').sort()).toEqual(['paid_1', 'paid_2']);
    expect(
      broker
        .messages('payments')
        .map(({ key }) => Buffer.from(key!).toString())
        .sort(),
    ).toEqual(['order 1', 'order 2']);
    // Another topic's producers send it, too.
    await emitter.send(new Paid(3), 'audit');
    await until(() => ids('payments').length === 3);
  });

  it('is not told by a producer of another topic that the event was sent', async () => {
    const [held, release] = [deferred(), deferred()];
    const transport = sending(broker, async (messages, really) => {
      if (messages[0]!.topic === 'audit') {
        held.resolve();
        await release.promise;
      }
      return really(messages);
    });
    await start({ transports: { memory: transport } });
    let isSent = false;
    const sent = emitter.send(new Paid(1), 'audit').then(() => (isSent = true));
    await held.promise;
    await until(() => ids('payments').length === 1);
    await until(async () => (await application.app.get(Followers).status('Payments')).lag === 0);
    expect(isSent).toBe(false);
    release.resolve();
    await sent;
    expect(ids('audit')).toEqual(['paid_1']);
  });

  it('records and sends once what is sent twice', async () => {
    await start();
    await emitter.send(new Paid(1), 'audit');
    expect(await emitter.send(new Paid(1), 'audit')).toEqual({ key: 'paid_1', recorded: false });
    expect(ids('audit')).toEqual(['paid_1']);
  });

  it('in a transaction resolves when the event is recorded, and sends it after the commit', async () => {
    await start();
    await application.dataSource.transaction(async (manager) => {
      expect(await emitter.send(new Paid(1), 'audit', { manager })).toEqual({
        key: 'paid_1',
        recorded: true,
      });
      expect(ids('audit')).toEqual([]);
    });
    await until(() => ids('audit').length === 1);
    const rollback = application.dataSource.transaction(async (manager) => {
      await emitter.send(new Paid(2), 'audit', { manager });
      throw new Error('no');
    });
    await expect(rollback).rejects.toThrow('no');
    await emitter.send(new Paid(3), 'audit');
    expect(ids('audit')).toEqual(['paid_1', 'paid_3']);
  });

  it('while the broker is away says that the event is recorded, and sends it when it is back', async () => {
    await start();
    broker.goAway();
    await expect(emitter.send(new Paid(1), 'audit', { timeout: 50 })).rejects.toMatchObject({
      code: 'NOT_SENT_YET',
      key: 'paid_1',
      limit: 50,
    });
    const later = emitter.send(new Paid(2), 'audit', { timeout: '1m' });
    broker.comeBack();
    await later;
    expect(ids('audit')).toEqual(['paid_1', 'paid_2']);
  });

  it('survives the process: what is recorded is sent by the next one', async () => {
    const [tried, release] = [deferred(), deferred()];
    const transport = sending(broker, async (messages) => {
      tried.resolve();
      await release.promise;
      return messages.map(() => ({ kind: 'untaken', error: new Error('the process is gone') }));
    });
    await start({ transports: { memory: transport } });
    const sent = emitter.send(new Paid(1), 'audit', { timeout: 20 }).catch((error: unknown) => error);
    await tried.promise;
    release.resolve();
    expect(await sent).toMatchObject({ code: 'NOT_SENT_YET' });
    await application.close();
    await start();
    await until(() => ids('audit').length === 1);
    expect(ids('audit')).toEqual(['paid_1']);
  });

  it('is told by another process that it has sent the event', async () => {
    await start({ dispatch: 'none' });
    const other = await startApplication({
      ...{ database, synchronize: false },
      options: {
        ...{ dispatch: 'background', events: [Paid], transports: { memory: broker } },
        worker: { pollInterval: 20 },
      },
    });
    expect(await emitter.send(new Paid(1), 'audit')).toEqual({ key: 'paid_1', recorded: true });
    expect(ids('audit')).toEqual(['paid_1']);
    await other.close();
  });

  it('rejects where the event can never be sent, and keeps it', async () => {
    broker = memory({ maxMessageBytes: 100 });
    await start();
    const large = { group: 'note', key: 'n1', data: 'x'.repeat(200) };
    await expect(emitter.send(large, 'notes')).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
    const follower = () => application.app.get(Followers).status('EventEmitterService.memory');
    await until(async () => (await follower()).parked === 1);
    expect(await application.log.get('n1')).toBeDefined();
  });

  it('directly sends past the log, and says what the broker says', async () => {
    await start();
    const { key, recorded } = await emitter.send({ group: 'note', data: 1 }, 'notes', {
      direct: true,
      key: 'k',
    });
    expect([recorded, ids('notes'), await application.log.get(key)]).toEqual([false, [key], undefined]);
    broker.goAway();
    await expect(emitter.send({ group: 'note' }, 'notes', { direct: true })).rejects.toMatchObject({
      code: 'BROKER_AWAY',
    });
    broker.comeBack();
  });

  it('hands the correlation on from handlers', async () => {
    const sent: Promise<unknown>[] = [];
    const handler = scriptedHandler(
      'Pays',
      async () => {
        sent.push(emitter.send(new Paid(9), 'audit'));
        await sent[0];
        await emitter.send({ group: 'note' }, 'notes', { direct: true });
      },
      { pattern: 'order' },
    );
    await start({}, [handler]);
    await application.log.append({ group: 'order', key: 'o1', metadata: { correlationId: 'request 5' } });
    await until(() => broker.messages('notes').length === 1);
    for (const topic of ['audit', 'notes'])
      expect(broker.messages(topic)[0]!.headers).toMatchObject({
        'correlation-id': 'request 5',
        'causation-id': 'o1',
      });
    const events: RecordedEvent[] = [];
    for await (const event of application.log.read()) events.push(event);
    expect(events.map(({ key }) => key)).toEqual(['o1', 'paid_9']);
  });

  it('refuses what is none', async () => {
    await start({ transports: { memory: broker, other: memory() } }, []);
    const calls: [() => Promise<unknown>, object][] = [
      [() => emitter.send(new Paid(1), ''), { option: 'topic' }],
      [() => emitter.send(new Paid(1), 'audit'), { code: 'INVALID_TRANSPORT_USE' }],
      [() => emitter.send(new Paid(1), 'audit', { transport: 'kafka' }), { code: 'INVALID_TRANSPORT_USE' }],
      [
        () => emitter.send(new Paid('x' as never), 'audit', { transport: 'memory' }),
        { code: 'EVENT_VALIDATION' },
      ],
      [() => emitter.send({ data: 1 }, 'audit', { transport: 'memory' }), { code: 'INVALID_EVENT' }],
      [() => emitter.send(null as never, 'audit', { transport: 'memory' }), { code: 'INVALID_EVENT' }],
      [() => emitter.send(new Paid(1), 'audit', { topic: 'x' } as never), { code: 'UNKNOWN_OPTION' }],
    ];
    for (const [call, expected] of calls) await expect(call()).rejects.toMatchObject(expected);
  });
});
