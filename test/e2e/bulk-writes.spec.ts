import { Injectable } from '@nestjs/common';
import { event, ModelEventSource } from 'nestjs-once';
import { Column, type DataSource, Entity, type EntityManager, PrimaryGeneratedColumn } from 'typeorm';
import { startApplication, type TestApplication } from '../support/application.js';
import { describeAnyDatabase, describeEachDatabase } from '../support/databases.js';
import { RecordingLogger } from '../support/recording-logger.js';

@Entity()
class Order {
  @PrimaryGeneratedColumn()
  id: number;

  @Column()
  title: string;
}

@Injectable()
class Orders {
  @ModelEventSource(Order)
  made({ id }: Order) {
    return event('order.made', `order_${id}`);
  }
}

@Injectable()
class Removals {
  @ModelEventSource(Order, { on: ['remove'] })
  removed({ id }: Order) {
    return event('order.removed', `order_${id}`);
  }
}

describeAnyDatabase('an application with a source on removals', (db) => {
  it.each([
    ['rescan', 1],
    ['ignore', 1],
    ['throw', 0],
  ] as const)(
    "says at start, with bulkWrites: '%s', that calls by key pass it by: lines: %i",
    async (bulkWrites, lines) => {
      const logger = new RecordingLogger();
      const application = await startApplication({
        database: await db.options(),
        entities: [Order],
        providers: [Orders, Removals],
        options: { bulkWrites },
        logger,
      });
      await application.close();
      const said = logger.of('log').filter((line) => line.includes('delete(id) (use remove())'));
      expect(said).toHaveLength(lines);
      expect(logger.lines.filter((line) => line.includes('Event log of'))).toEqual([]);
    },
  );
});

describeEachDatabase("an application with bulkWrites: 'throw'", (db) => {
  let application: TestApplication;
  let dataSource: DataSource;

  beforeAll(async () => {
    application = await startApplication({
      database: await db.options(),
      entities: [Order],
      providers: [Orders],
      options: { bulkWrites: 'throw' },
    });
    ({ dataSource } = application);
  });
  afterAll(() => application.close());
  beforeEach(() => dataSource.query(`DELETE FROM ${db.dialect === 'mysql' ? '`order`' : '"order"'}`));

  const insert = (manager: EntityManager) => manager.insert(Order, { title: 'inserted' });
  const titles = async () => (await dataSource.getRepository(Order).find()).map(({ title }) => title);

  it('refuses an insert outside of transactions before it is made', async () => {
    await expect(insert(dataSource.manager)).rejects.toMatchObject({ code: 'BULK_WRITE', written: false });
    expect(await titles()).toEqual([]);
  });

  it('commits nothing of a transaction that swallows the refusal, its events included', async () => {
    const transaction = dataSource.transaction(async (manager) => {
      await manager.save(manager.create(Order, { title: 'saved' }));
      await insert(manager).catch(() => undefined);
    });
    await expect(transaction).rejects.toMatchObject({ code: 'BULK_WRITE', written: true });
    expect(await titles()).toEqual([]);
    const events = [];
    for await (const each of application.log.read()) events.push(each);
    expect(events).toEqual([]);
  });

  it('commits what a transaction did beside an insert that a savepoint undid', async () => {
    await dataSource.transaction(async (manager) => {
      await manager.transaction(insert).catch(() => undefined);
      await manager.save(manager.create(Order, { title: 'saved' }));
    });
    expect(await titles()).toEqual(['saved']);
  });

  if (db.name !== 'sqlite') return;

  it('commits nothing either where the insert joined the transaction without its manager', async () => {
    const transaction = dataSource.transaction(async () => {
      await insert(dataSource.manager).catch(() => undefined);
    });
    await expect(transaction).rejects.toMatchObject({ code: 'BULK_WRITE', written: true });
    const nested = dataSource.transaction(async () => {
      await dataSource
        .transaction((manager) => insert(manager).catch(() => undefined))
        .catch(() => undefined);
      await dataSource.manager.save(Order, { title: 'saved' });
    });
    await nested;
    expect(await titles()).toEqual(['saved']);
  });
});
