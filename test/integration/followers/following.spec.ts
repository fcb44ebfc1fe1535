import { Injectable } from '@nestjs/common';
import {
  event,
  Follower,
  type FollowerContext,
  Followers,
  On,
  OnReset,
  type RecordedEvent,
} from 'nestjs-once';
import { drain, whenCaughtUp } from 'nestjs-once/testing';
import { Column, Entity, PrimaryColumn, type DataSourceOptions } from 'typeorm';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';

@Entity()
class Total {
  @PrimaryColumn({ length: 50 })
  name: string;

  @Column({ default: 0 })
  count: number;
}

@Injectable()
@Follower('Totals', { follows: 'shop.*' })
class Totals {
  readonly seen: number[] = [];

  @On('shop.Ordered')
  async ordered(
    recorded: RecordedEvent<{ item: string }>,
    { manager, replaying }: FollowerContext,
  ): Promise<void> {
    this.seen.push(recorded.position);
    const name = recorded.data.item;
    const total = (await manager.findOneBy(Total, { name })) ?? manager.create(Total, { name, count: 0 });
    total.count++;
    await manager.save(total);
    void replaying;
  }

  @OnReset()
  async reset({ manager }: FollowerContext): Promise<void> {
    await manager.clear(Total).catch(() => manager.createQueryBuilder().delete().from(Total).execute());
  }
}

describeEachDatabase('a follower', (db) => {
  let database: DataSourceOptions;
  const open: TestApplication[] = [];

  beforeEach(async () => {
    database = await db.options();
  });

  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });

  async function start(
    options: object = {},
    synchronize = true,
  ): Promise<TestApplication & { followers: Followers; totals: Totals }> {
    const application = await startApplication({
      database,
      entities: [Total],
      providers: [Totals],
      options,
      synchronize,
    });
    open.push(application);
    return { ...application, followers: application.app.get(Followers), totals: application.app.get(Totals) };
  }

  const counts = async ({ dataSource }: TestApplication) =>
    Object.fromEntries(
      (await dataSource.getRepository(Total).find()).map(({ name, count }) => [name, count]),
    );

  it('handles what is in the log and passes over what it does not take', async () => {
    const application = await start();
    await application.log.append([
      event('shop.Ordered', 1, { item: 'bone' }),
      event('shop.Paid', 1),
      event('other', 1),
      event('shop.Ordered', 2, { item: 'bone' }),
      event('other', 2),
    ]);
    await drain(application.app);
    expect(await counts(application)).toEqual({ bone: 2 });
    const status = await application.followers.status('Totals');
    expect(status).toMatchObject({
      state: 'running',
      lag: 0,
      lagSeconds: 0,
      parked: 0,
      skipped: 0,
      version: 1,
    });
  });

  it('follows in the background, and can be waited for', async () => {
    const application = await start({ dispatch: 'background' });
    const [result] = await application.log.append([event('shop.Ordered', 1, { item: 'bone' })]);
    await application.followers.waitFor('Totals', result!.event!);
    expect(await counts(application)).toEqual({ bone: 1 });
    await application.log.append(
      Array.from({ length: 20 }, (_, n) => event('shop.Ordered', n + 2, { item: 'ball' })),
    );
    await whenCaughtUp(application.app);
    expect(await counts(application)).toEqual({ bone: 1, ball: 20 });
    expect(await application.followers.status('Totals')).toMatchObject({ isFollowed: true });
  });
});
