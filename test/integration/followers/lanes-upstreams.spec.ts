import { Injectable } from '@nestjs/common';
import {
  type AggregateRecordedEvent,
  EventSourcingModule,
  event,
  Follower,
  type FollowerContext,
  Followers,
  getAggregatesToken,
  type AggregateRepository,
  On,
  OnReset,
  type ResetContext,
} from 'nestjs-once';
import { drain } from 'nestjs-once/testing';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { startApplication } from '../../support/application.js';
import { type DatabaseAddress, dataSourceOptionsFrom } from '../../support/data-source-options.js';
import { deferred, until } from '../../support/deferred.js';
import { describeEachDatabase } from '../../support/databases.js';
import { Dog } from '../../support/dog.js';

@Entity()
class Sight {
  @PrimaryGeneratedColumn()
  id: number;

  @Column({ length: 50 })
  upstream: string;
}

/** The dog of the north, that of the south, and visits of `d` are in three of four lanes. */
@Injectable()
@Follower('Sights', { streams: 4, follows: ['Dog.*', 'Visited'], timeout: '60s' })
class Sights {
  readonly seen: string[] = [];
  before: (upstream: string) => Promise<void> = () => Promise.resolve();

  @On(/./)
  async see(event: AggregateRecordedEvent<unknown>, context: FollowerContext): Promise<void> {
    const upstream = event.stream?.split(':')[0] ?? '';
    this.seen.push(`${context.replaying ? 'again ' : ''}${upstream}:${event.position}`);
    await context.manager.insert(Sight, { upstream });
    await this.before(upstream);
  }

  @OnReset({ upstream: true })
  async reset({ manager, upstream }: ResetContext): Promise<void> {
    const removing = manager.createQueryBuilder().delete().from(Sight);
    await (upstream === undefined ? removing : removing.where({ upstream })).execute();
  }
}

describeEachDatabase('the reset of one upstream where lanes were interrupted', (db) => {
  let address: DatabaseAddress;
  let observer: Awaited<ReturnType<typeof start>>;

  beforeEach(async () => {
    address = await db.create();
    observer = await start('none');
  });

  afterEach(() => observer.close());

  async function start(dispatch: 'none' | 'background') {
    const feature = (of: string) => EventSourcingModule.forFeature({ aggregates: [Dog], application: of });
    const application = await startApplication({
      database: dataSourceOptionsFrom(address),
      entities: [Sight],
      providers: [Sights],
      imports: [feature('North'), feature('South')],
      options: { dispatch, worker: { shutdownTimeout: 1, pollInterval: 100 } },
      synchronize: dispatch === 'none',
    });
    return { ...application, sights: application.app.get(Sights) };
  }

  const sights = async () =>
    (await observer.dataSource.getRepository(Sight).find()).map(({ upstream }) => upstream).sort();

  /** Two dogs are seen, and a visit, which is rolled back. */
  async function interrupted(): Promise<void> {
    for (const name of ['North', 'South']) {
      const token = getAggregatesToken(Dog, name);
      await observer.app.get<AggregateRepository<Dog>>(token, { strict: false }).save(Dog.register('fido'));
    }
    await observer.log.append(event('Visited', 1, {}, { orderKey: 'd' }));
    const worker = await start('background');
    const held = deferred();
    worker.sights.before = async (upstream) => {
      if (upstream !== '') return;
      held.resolve();
      await new Promise(() => undefined);
    };
    await held.promise;
    await until(async () => (await sights()).length === 2);
    await worker.close();
    expect(await sights()).toEqual(['North', 'South']);
  }

  it.each<[string, string[], string[]]>([
    ['North', ['South'], ['again North', '']],
    ['South', ['North'], ['', 'again South']],
    ['', ['North', 'South'], ['']],
  ])('replays what they had handled of %p alone', async (upstream, left, seen) => {
    await interrupted();
    await observer.app.get(Followers).reset('Sights', { upstream });
    expect(await sights()).toEqual(left);
    await drain(observer.app);
    expect(await sights()).toEqual(['', 'North', 'South']);
    expect(observer.sights.seen.map((one) => one.split(':')[0]).sort()).toEqual(seen.toSorted());
    expect(await observer.dataSource.query('SELECT * FROM once_follower_lane')).toEqual([]);
  });
});
