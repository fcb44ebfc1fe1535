import { Injectable } from '@nestjs/common';
import {
  Aggregate,
  AggregateEvent,
  type AggregateRepository,
  AggregateType,
  EventHandler,
  EventSourcingModule,
  EventVersionError,
  getAggregatesToken,
  type RecordedEvent,
  UpcastEvent,
} from 'nestjs-once';
import { drain } from 'nestjs-once/testing';
import type { DataSourceOptions } from 'typeorm';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { rejection } from './school.js';

@AggregateType('Order')
class FirstOrder extends Aggregate {
  @AggregateEvent('Placed')
  place(_: { sum: number }): void {}
}

@AggregateType('Purchase', { aliases: ['Order'] })
class Purchase extends Aggregate {
  amounts: { cents: number; currency: string }[] = [];
  @AggregateEvent('Made', { version: 3, aliases: ['Placed'] })
  make(data: { cents: number; currency: string }): void {
    this.amounts.push(data);
  }
  @UpcastEvent('Order.Placed', 1)
  static toCents({ sum }: { sum: number }) {
    return { cents: sum * 100 };
  }
  @UpcastEvent('Purchase.Made', 2)
  static withCurrency(data: { cents: number }) {
    return { ...data, currency: 'EUR' };
  }
}

@AggregateType('Order', { aliases: ['Purchase'] })
class GapOrder extends Aggregate {
  @AggregateEvent('Placed', { version: 2, aliases: ['Made'] })
  place(_: object): void {}
}

let fails = true;
const handled: RecordedEvent[] = [];

@Injectable()
class Ledger {
  @EventHandler(/^(Order|Purchase)\./, { name: 'Ledger', retry: { maxRetries: 0 } })
  book(event: RecordedEvent): void {
    if (fails) throw new RangeError('the ledger is closed');
    handled.push(event);
  }
}

describeEachDatabase('events of earlier releases', (db) => {
  let database: DataSourceOptions;
  let application: TestApplication | undefined;

  beforeEach(async () => {
    database = await db.options();
    fails = true;
    handled.splice(0);
  });
  afterEach(() => application?.close());

  const release = async <T extends Aggregate>(
    type: new (id: string) => T,
  ): Promise<AggregateRepository<T>> => {
    await application?.close();
    application = await startApplication({
      database,
      providers: [Ledger],
      imports: [EventSourcingModule.forFeature({ aggregates: [type], application: 'Shop' })],
    });
    return application.app.get(getAggregatesToken(type), { strict: false });
  };
  const first = async () => {
    const orders = await release(FirstOrder);
    const order = new FirstOrder('17');
    order.place({ sum: 5 });
    await orders.save(order);
  };

  it('are brought up to date for aggregates, whatever type and event were called, and for histories', async () => {
    await first();
    const purchases = await release(Purchase);
    const purchase = await purchases.get('17');
    expect(purchase).toMatchObject({ version: 1, amounts: [{ cents: 500, currency: 'EUR' }] });
    purchase.make({ cents: 7, currency: 'USD' });
    await purchases.save(purchase);
    expect(await purchases.get('17')).toEqual(purchase);
    const history = [];
    for await (const { group, data, metadata } of purchases.history('17'))
      history.push([group, data, metadata.eventVersion]);
    expect(history).toEqual([
      ['Order.Placed', { cents: 500, currency: 'EUR' }, undefined],
      ['Purchase.Made', { cents: 7, currency: 'USD' }, 3],
    ]);
  });

  it('are brought up to date for readers of the log, and for handlers, dead letters that are retried included', async () => {
    await first();
    await drain(application!.app).catch(() => undefined);
    await release(Purchase);
    fails = false;
    const current = { cents: 500, currency: 'EUR' };
    expect((await application!.log.get('stream:Shop:17:1'))?.data).toEqual(current);
    for await (const { data } of application!.log.read()) expect(data).toEqual(current);
    await application!.deliveries.retry({ handler: 'Ledger' });
    await drain(application!.app);
    expect(handled).toMatchObject([{ group: 'Order.Placed', data: current }]);
  });

  it('are told of by a typed error where a step is missing', async () => {
    await first();
    await drain(application!.app).catch(() => undefined);
    const orders = await release(GapOrder);
    const error = await rejection(orders.get('17'));
    expect(error).toBeInstanceOf(EventVersionError);
    expect(error).toMatchObject({ what: 'Order.Placed', version: 1, known: 2, missing: 1 });
    expect(await rejection(application!.log.get('stream:Shop:17:1'))).toBeInstanceOf(EventVersionError);
    await application!.deliveries.retry({ handler: 'Ledger' });
    await drain(application!.app).catch(() => undefined);
    const { items } = await application!.deliveries.list({ handler: 'Ledger' });
    expect(items).toMatchObject([
      { status: 'dead', error: expect.stringContaining('no step from version 1') },
    ]);
  });

  it('that are newer than the code are told of by a typed error', async () => {
    const purchases = await release(Purchase);
    const purchase = new Purchase('18');
    purchase.make({ cents: 7, currency: 'USD' });
    await purchases.save(purchase);
    const orders = await release(GapOrder);
    expect(await rejection(orders.get('18'))).toMatchObject({ code: 'EVENT_VERSION', version: 3, known: 2 });
    await release(Purchase);
  });
});
