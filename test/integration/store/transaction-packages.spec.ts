import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { event, EventLog, ModelEventSource } from 'nestjs-once';
import { Column, DataSource, Entity, type EntityManager, PrimaryGeneratedColumn } from 'typeorm';
import {
  addTransactionalDataSource,
  deleteDataSourceByName,
  initializeTransactionalContext,
  Transactional,
} from 'typeorm-transactional';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';

@Entity()
class Order {
  @PrimaryGeneratedColumn()
  id: number;

  @Column()
  title: string;
}

@Injectable()
class OrderEvents {
  @ModelEventSource(Order)
  events({ title }: Order) {
    return event('saved', title);
  }
}

@Injectable()
class Orders {
  constructor(
    readonly log: EventLog,
    @InjectDataSource() readonly dataSource: DataSource,
  ) {}

  @Transactional()
  async place(title: string, fails: boolean) {
    await this.dataSource.manager.save(Object.assign(new Order(), { title }));
    await this.log.append({ group: 'placed', key: `placed_${title}` });
    if (fails) throw new Error('changed my mind');
  }
}

/**
 * As nestjs-cls hands out the manager of its transaction: a proxy of the one that is current where it is used. The package
 * itself cannot be loaded by Jest together with Nest 12.
 */
function currentManager(current: AsyncLocalStorage<EntityManager>): EntityManager {
  return new Proxy({} as EntityManager, {
    get: (_, property) => Reflect.get(current.getStore()!, property) as unknown,
  });
}

describeEachDatabase('Packages that keep a transaction in the async context', (db) => {
  let application: TestApplication;

  const start = async (providers: (new (...args: never[]) => unknown)[]) =>
    (application = await startApplication({
      database: await db.options(),
      entities: [Order],
      providers: [OrderEvents, ...providers],
    }));
  const keys = async () => {
    const found: string[] = [];
    for await (const { key } of application.log.read()) found.push(key);
    return found.sort();
  };

  afterEach(() => application.close());

  it('typeorm-transactional: an append without a manager is part of the transaction', async () => {
    initializeTransactionalContext();
    const { app, dataSource, log } = await start([Orders]);
    addTransactionalDataSource(dataSource);
    try {
      const orders = app.get(Orders);
      await expect(orders.place('a', true)).rejects.toThrow('changed my mind');
      expect(await keys()).toEqual([]);
      await orders.place('b', false);
      await log.append({ group: 'alone', key: 'alone' });
      expect(await keys()).toEqual(['alone', 'placed_b', 'saved_b']);
    } finally {
      deleteDataSourceByName('default');
    }
  });

  it('nestjs-cls: an append with its manager is part of the transaction', async () => {
    const { dataSource, log } = await start([]);
    const current = new AsyncLocalStorage<EntityManager>();
    const manager = currentManager(current);
    const place = (title: string, fails: boolean) =>
      dataSource.transaction((transaction) =>
        current.run(transaction, async () => {
          await transaction.save(Object.assign(new Order(), { title }));
          await log.append({ group: 'placed', key: `placed_${title}` }, { manager });
          if (fails) throw new Error('changed my mind');
        }),
      );
    await expect(place('a', true)).rejects.toThrow('changed my mind');
    expect(await keys()).toEqual([]);
    await place('b', false);
    expect(await keys()).toEqual(['placed_b', 'saved_b']);
  });
});
