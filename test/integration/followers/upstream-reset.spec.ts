import { Injectable } from '@nestjs/common';
import {
  type AggregateRecordedEvent,
  type AggregateRepository,
  EventSourcingModule,
  event,
  Follower,
  type FollowerContext,
  Followers,
  getAggregatesToken,
  InjectAggregates,
  On,
  OnReset,
  type RecordedEvent,
  type ResetContext,
} from 'nestjs-once';
import { drain } from 'nestjs-once/testing';
import { Column, type DataSourceOptions, Entity, PrimaryColumn } from 'typeorm';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { Dog } from '../../support/dog.js';
import { Trainer } from '../aggregates/school.js';

@Entity()
class Tally {
  @PrimaryColumn({ length: 50 })
  upstream: string;

  @Column()
  count: number;
}

@Injectable()
@Follower('Tally', { batchSize: 2 })
class Tallies {
  readonly seen: string[] = [];

  constructor(@InjectAggregates(Trainer) readonly trainers: AggregateRepository<Trainer>) {}

  @On('Dog.TrickAdded')
  async trick(
    { stream, data: { trick } }: AggregateRecordedEvent<{ trick: string }>,
    context: FollowerContext,
  ): Promise<void> {
    await this.count(stream.split(':')[0]!, trick, context);
    const { manager } = context;
    const trainer = (await this.trainers.find('kim', { manager })) ?? new Trainer('kim');
    trainer.take(trick, new Date());
    context.collect(trainer);
  }

  @On('Visited')
  visited({ data: { name } }: RecordedEvent<{ name: string }>, context: FollowerContext): Promise<void> {
    return this.count('', name, context);
  }

  @OnReset({ upstream: true })
  async reset({ manager, upstream }: ResetContext): Promise<void> {
    const removing = manager.createQueryBuilder().delete().from(Tally);
    await (upstream === undefined ? removing : removing.where({ upstream })).execute();
  }

  private async count(upstream: string, what: string, context: FollowerContext): Promise<void> {
    const { manager, collect, replaying } = context;
    this.seen.push(`${replaying ? 'again ' : ''}${upstream}:${what}`);
    const known = await manager.findOneBy(Tally, { upstream });
    await manager.save(Tally, { upstream, count: (known?.count ?? 0) + 1 });
    collect({ group: 'Tallied', data: { what } });
  }
}

describeEachDatabase('the reset of one upstream', (db) => {
  let database: DataSourceOptions;
  let application: TestApplication;
  let followers: Followers;
  let seen: string[];
  let dogs: Record<'North' | 'South', AggregateRepository<Dog>>;

  beforeEach(async () => {
    database = await db.options();
    const feature = (of: string) => EventSourcingModule.forFeature({ aggregates: [Dog], application: of });
    application = await startApplication({
      database,
      entities: [Tally],
      providers: [Tallies],
      imports: [
        feature('North'),
        feature('South'),
        EventSourcingModule.forFeature({ aggregates: [Trainer], application: 'Office' }),
      ],
    });
    const { app } = application;
    followers = app.get(Followers);
    ({ seen } = app.get(Tallies));
    const of = (name: string) =>
      app.get<AggregateRepository<Dog>>(getAggregatesToken(Dog, name), { strict: false });
    dogs = { North: of('North'), South: of('South') };
  });

  afterEach(() => application.close());

  /** Tricks of dogs of the north and of the south, and a visit, one after another. */
  async function record(round: string): Promise<void> {
    for (const [name, repository] of Object.entries(dogs)) {
      const dog = (await repository.find('fido')) ?? Dog.register('fido');
      dog.addTrick({ trick: `${round}1` });
      await application.log.append([event('Visited', `${name}${round}`, { name: round })]);
      dog.addTrick({ trick: `${round}2` });
      await repository.save(dog);
    }
  }

  const totals = async () =>
    Object.fromEntries(
      (await application.dataSource.getRepository(Tally).find()).map(({ upstream, count }) => [
        upstream,
        count,
      ]),
    );

  const tallied = async () => {
    const found: string[] = [];
    for await (const { data } of application.log.read<{ what: string }>({ groups: ['Tallied'] }))
      found.push(data.what);
    return found.sort();
  };

  /** How many events the aggregate has that was collected. */
  const taken = async () => (await application.app.get(Tallies).trainers.get('kim')).version;

  const position = async () => (await followers.status('Tally')).position;

  it.each([
    ['North', ['again North:a1', 'again North:a2']],
    ['South', ['again South:a1', 'again South:a2']],
    ['', ['again :a', 'again :a']],
  ])('replays %p alone, so that nothing is doubled', async (upstream, replayed) => {
    await record('a');
    await drain(application.app);
    const [before, collected, dogsTaken] = [await totals(), await tallied(), await taken()];
    expect(before).toEqual({ North: 2, South: 2, '': 2 });
    expect(dogsTaken).toBe(4);
    seen.length = 0;
    const report = await followers.reset('Tally', { upstream });
    expect(report).toMatchObject({ events: 2, upstreams: [{ upstream }] });
    expect(await totals()).toEqual(
      Object.fromEntries(Object.entries(before).filter(([of]) => of !== upstream)),
    );
    expect(await position()).toBe(0);
    await drain(application.app);
    expect(seen).toEqual(replayed);
    expect([await totals(), await tallied()]).toEqual([before, collected]);
    expect(await taken()).toBe(4);
    expect(await followers.status('Tally')).toMatchObject({ lag: 0, state: 'running' });
  });

  it('goes on with what all of them have recorded meanwhile, each event once and in order', async () => {
    await record('a');
    await drain(application.app);
    seen.length = 0;
    await followers.reset('Tally', { upstream: 'South' });
    await record('b');
    await drain(application.app);
    expect(seen).toEqual([
      ...['again South:a1', 'again South:a2'],
      ...[':b', 'North:b1', 'North:b2', ':b', 'South:b1', 'South:b2'],
    ]);
    expect(await totals()).toEqual({ North: 4, South: 4, '': 4 });
    expect(await tallied()).toEqual(['a', 'a', 'a1', 'a1', 'a2', 'a2', 'b', 'b', 'b1', 'b1', 'b2', 'b2']);
    seen.length = 0;
    await followers.reset('Tally');
    await drain(application.app);
    expect(seen).toHaveLength(12);
    expect(seen.every((one) => one.startsWith('again '))).toBe(true);
    expect(await totals()).toEqual({ North: 4, South: 4, '': 4 });
    expect(await tallied()).toHaveLength(12);
  });
});
