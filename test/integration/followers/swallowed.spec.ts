import { Injectable } from '@nestjs/common';
import { event, Follower, type FollowerContext, Followers, On, type RecordedEvent } from 'nestjs-once';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { startApplication, type TestApplication } from '../../support/application.js';
import { Deadlock, Lane } from '../../support/deadlock.js';
import { describeEachDatabase } from '../../support/databases.js';

@Entity()
class Mark {
  @PrimaryGeneratedColumn()
  id: number;

  @Column()
  n: number;
}

/** Goes on whatever fails in it. */
@Injectable()
@Follower('Careless')
class Careless {
  readonly calls: string[] = [];
  fail: (n: number, context: FollowerContext) => Promise<unknown> = async () => undefined;

  @On('Passed')
  async passed({ data: { n } }: RecordedEvent<{ n: number }>, context: FollowerContext): Promise<void> {
    this.calls.push(`${n}.${context.attempt}`);
    await this.fail(n, context).catch(() => undefined);
    await context.manager.insert(Mark, { n }).catch(() => undefined);
  }
}

describeEachDatabase('a follower whose method swallows what fails', (db) => {
  let application: TestApplication;
  let careless: Careless;

  beforeEach(async () => {
    application = await startApplication({
      database: await db.options(),
      entities: [Mark, Lane],
      providers: [Careless],
      options: { dispatch: 'none', retry: { interval: 0 } },
    });
    careless = application.app.get(Careless);
    await application.log.append([1, 2, 3].map((n) => event('Passed', n, { n })));
  });

  afterEach(() => application.close());

  const sync = () => application.app.get(Followers).sync();
  const marks = async () => {
    const rows = await application.dataSource.getRepository(Mark).find({ order: { id: 'ASC' } });
    return rows.map(({ n }) => n);
  };

  it('fails at that event where the transaction was aborted, and handles all of them once', async () => {
    careless.fail = async (n, { manager, attempt }) => {
      if (n === 2 && attempt === 1) await manager.query('SELECT * FROM there_is_no_such_table');
    };
    await sync();
    while ((await application.app.get(Followers).status('Careless')).lag > 0) await sync();
    expect(await marks()).toEqual([1, 2, 3]);
    const attempts = application.dataSource.options.type === 'postgres' ? ['2.1', '2.2'] : ['2.1'];
    expect(careless.calls.filter((call) => call.startsWith('2'))).toEqual(attempts);
  });

  if (db.name === 'sqlite') return;

  it('runs the pass again where a deadlock had rolled it back, and keeps nothing of what came after', async () => {
    const { dataSource } = application;
    const deadlock = await Deadlock.prepared(dataSource);
    careless.fail = async (n, { manager }) => n === 2 && deadlock.meet(manager);
    const synced = sync();
    const won = await deadlock.rival(async (manager) => {
      for (let n = 100; n < 140; n++) await manager.insert(Mark, { n });
    });
    await synced;
    while ((await application.app.get(Followers).status('Careless')).lag > 0) await sync();
    expect((await marks()).filter((n) => n < 100)).toEqual([1, 2, 3]);
    expect(deadlock.hits).toBe(won ? 1 : 0);
    if (db.dialect === 'mysql') expect(won).toBe(true);
  });
});
