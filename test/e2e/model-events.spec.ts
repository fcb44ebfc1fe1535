import { Injectable } from '@nestjs/common';
import {
  event,
  EventHandler,
  EventLog,
  type HandlerContext,
  ModelEventSource,
  type RecordedEvent,
  type SourceContext,
} from 'nestjs-once';
import { drain } from 'nestjs-once/testing';
import { Column, Entity, PrimaryGeneratedColumn, type Repository } from 'typeorm';
import { startApplication, type TestApplication } from '../support/application.js';
import { describeEachDatabase } from '../support/databases.js';

@Entity()
class Order {
  @PrimaryGeneratedColumn() id: number;
  @Column() name: string;
  @Column({ default: 'open' }) state: string;
}

@Entity()
class Effect {
  @PrimaryGeneratedColumn() id: number;
  @Column() eventKey: string;
}

@Injectable()
class OrderEvents {
  refuse = false;

  @ModelEventSource(Order, { on: ['insert', 'update', 'remove'] })
  *events(order: Order, { reason }: SourceContext) {
    if (this.refuse) throw new Error('not today');
    yield reason === 'remove'
      ? event('order_removed', order.id, { order })
      : event(`order_${order.state}`, order.id, { order });
  }
}

@Injectable()
class OrderHandlers {
  readonly names: unknown[] = [];

  @EventHandler('order_*')
  note(recorded: RecordedEvent<{ order: Order }>) {
    this.names.push(`${recorded.group} ${recorded.data.order?.name}`);
  }

  @EventHandler('order_*', { transactional: true })
  async book(recorded: RecordedEvent, { manager }: HandlerContext) {
    await manager.insert(Effect, { eventKey: recorded.key });
  }
}

describeEachDatabase('model events', (db) => {
  let application: TestApplication;
  let orders: Repository<Order>;

  const start = async (options = {}) => {
    const providers = [OrderEvents, OrderHandlers];
    application = await startApplication({
      database: await db.options(),
      entities: [Order, Effect],
      providers,
      options,
    });
    orders = application.dataSource.getRepository(Order);
    return application;
  };
  const keys = async () => {
    const recorded: string[] = [];
    for await (const { key } of application.log.read()) recorded.push(key);
    return recorded;
  };

  afterEach(() => application?.close());

  it('records what the outer transaction keeps of savepoints', async () => {
    const { dataSource, app } = await start();
    await dataSource.transaction(async (outer) => {
      await outer.save(Order, { name: 'kept' });
      await outer
        .transaction(async (inner) => {
          await inner.save(Order, { name: 'lost' });
          await inner.transaction((innermost) => innermost.save(Order, { name: 'lost too' }));
          throw new Error('back to the savepoint');
        })
        .catch(() => undefined);
      await outer.transaction((inner) => inner.save(Order, { name: 'kept too' }));
    });
    await drain(app);
    expect(app.get(OrderHandlers).names.sort()).toEqual(['order_open kept', 'order_open kept too']);
    expect(await keys()).toHaveLength(2);
  });

  it('records right after a save outside of any transaction', async () => {
    await start();
    await orders.save({ name: 'alone' }, { transaction: false });
    expect(await keys()).toEqual(['order_open_1']);
  });

  it('fails the save whose source throws, and records nothing', async () => {
    const { app } = await start();
    app.get(OrderEvents).refuse = true;
    await expect(orders.save({ name: 'refused' })).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
      source: 'OrderEvents.events',
      entity: 'Order',
    });
    expect(await orders.count()).toBe(0);
    expect(await keys()).toEqual([]);
  });

  it('hands a removed entity to its handler as it was', async () => {
    const { app } = await start();
    const order = await orders.save({ name: 'gone' });
    await drain(app);
    await orders.remove(order);
    await drain(app);
    expect(app.get(OrderHandlers).names).toEqual(['order_open gone', 'order_removed gone']);
  });

  it('makes up for bulk writes by a re-scan', async () => {
    const { app } = await start();
    await orders.insert([{ name: 'a' }, { name: 'b' }]);
    expect(await keys()).toEqual([]);
    await drain(app);
    expect(await keys()).toEqual(['order_open_1', 'order_open_2']);
    await orders.update({ name: 'a' }, { state: 'paid' });
    await drain(app);
    expect((await keys()).sort()).toEqual(['order_open_1', 'order_open_2', 'order_paid_1']);
    expect(await application.dataSource.getRepository(Effect).count()).toBe(3);
  });

  it('forgets the bulk write of a transaction that rolls back', async () => {
    const { app, dataSource } = await start();
    await dataSource
      .transaction(async (manager) => {
        await manager.insert(Order, { name: 'a' });
        throw new Error('no');
      })
      .catch(() => undefined);
    await orders.insert({ name: 'b' });
    await drain(app);
    expect(app.get(OrderHandlers).names).toEqual(['order_open b']);
  });

  it('goes on with an interrupted re-scan in the next run', async () => {
    const { rescan } = await start({ rescan: { batchSize: 10 }, bulkWrites: 'ignore' });
    await orders.insert(Array.from({ length: 95 }, (_, index) => ({ name: `n${index}` })));
    const stop = new AbortController();
    const first = await rescan.run({
      signal: stop.signal,
      onProgress: ({ rows }) => rows >= 30 && stop.abort(),
    });
    expect(first).toMatchObject({ interrupted: true, totals: { rows: 30, recorded: 30 } });
    const second = await rescan.run();
    expect(second.scans[0]).toMatchObject({ resumed: true, rows: 65, recorded: 65 });
    const dry = await rescan.run({ dryRun: true });
    expect(dry.totals).toMatchObject({ rows: 95, events: 95, recorded: 0 });
    expect(await keys()).toHaveLength(95);
  });

  it('keeps every promise while two hundred transactions run into each other', async () => {
    const { app, dataSource, deliveries } = await start({
      dispatch: 'background',
      worker: { pollInterval: 50 },
    });
    const log = app.get(EventLog);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 200 }, (_, index) =>
        dataSource.transaction(async (manager) => {
          await manager.save(Order, { name: `t${index}` });
          await manager.transaction((inner) => inner.save(Order, { name: `t${index} nested` }));
          await log.append({ group: 'other', key: `other_${index}` }, { manager });
          if (index % 3 === 0) throw new Error('meant to fail');
        }),
      ),
    );
    const errors = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [String(outcome.reason)] : [],
    );
    expect(new Set(errors)).toEqual(new Set(['Error: meant to fail']));
    await drain(app);
    const committed = 200 - errors.length;
    expect(await orders.count()).toBe(committed * 2);
    expect(await keys()).toHaveLength(committed * 3);
    expect(app.get(OrderHandlers).names).toHaveLength(committed * 2);
    expect(await dataSource.getRepository(Effect).count()).toBe(committed * 2);
    expect(await deliveries.counts()).toEqual({
      pending: 0,
      running: 0,
      succeeded: committed * 4,
      dead: 0,
      cancelled: 0,
    });
  });
});
