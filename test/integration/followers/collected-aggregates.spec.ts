import { Injectable } from '@nestjs/common';
import {
  type AggregateRepository,
  ConcurrencyError,
  EventSourcingModule,
  event,
  Follower,
  type FollowerContext,
  Followers,
  getAggregatesToken,
  InjectAggregates,
  On,
  type RecordedEvent,
} from 'nestjs-once';
import { drain, FixedClock } from 'nestjs-once/testing';
import type { DataSourceOptions } from 'typeorm';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { Dog } from '../../support/dog.js';

interface Lesson {
  dog: string;
  trick: string;
}

/** What happens after the trick was collected, in a second method. */
let then: (trick: string, context: FollowerContext) => unknown;

@Injectable()
@Follower('Trainer', { retry: { maxRetries: 2, interval: 1000, jitter: 0 } })
class Trainer {
  /** It is kept from one event to the next: what was rolled back is pending in it again. */
  readonly bella = Dog.register('bella');

  constructor(@InjectAggregates(Dog) readonly dogs: AggregateRepository<Dog>) {}

  @On('Lesson')
  async lesson(
    { data: { dog: id, trick } }: RecordedEvent<Lesson>,
    { manager, collect }: FollowerContext,
  ): Promise<void> {
    const dog = (await this.dogs.find(id, { manager })) ?? Dog.register(id);
    dog.addTrick({ trick });
    collect(dog);
  }

  @On('Lesson')
  async after({ data: { trick } }: RecordedEvent<Lesson>, context: FollowerContext): Promise<void> {
    await then(trick, context);
  }
}

describeEachDatabase('an aggregate that a follower collects', (db) => {
  let database: DataSourceOptions;
  let application: TestApplication;
  let dogs: AggregateRepository<Dog>;

  beforeEach(async () => {
    then = () => undefined;
    database = await db.options();
    application = await startApplication({
      database,
      providers: [Trainer],
      imports: [EventSourcingModule.forFeature({ aggregates: [Dog], application: 'School', cache: 10 })],
      options: { clock: new FixedClock(new Date()) },
    });
    dogs = application.app.get(getAggregatesToken(Dog), { strict: false });
  });

  afterEach(() => application.close());

  const teach = (dog: string, ...tricks: string[]) =>
    application.log.append(tricks.map((trick) => event('Lesson', `${dog}-${trick}`, { dog, trick })));

  const followers = () => application.app.get(Followers);

  it('is recorded with the pass, and read by the next event of it as it is then', async () => {
    await teach('fido', 'sit', 'stay', 'roll');
    let inside: string[] | undefined;
    then = async (trick, { manager }) => {
      if (trick === 'roll') inside = (await dogs.get('fido', { manager })).tricks;
    };
    await drain(application.app);
    expect(inside).toEqual(['sit', 'stay', 'roll']);
    await teach('fido', 'beg');
    await drain(application.app);
    expect(await dogs.get('fido')).toMatchObject({ version: 5, tricks: ['sit', 'stay', 'roll', 'beg'] });
  });

  it('is rolled back with the event that fails, and recorded once when that is retried', async () => {
    const failing = new Set(['stay']);
    then = (trick) => {
      if (failing.has(trick)) throw new Error(`${trick} is refused`);
    };
    await teach('fido', 'sit', 'stay', 'roll');
    await teach('rex', 'stay');
    await drain(application.app);
    expect(await dogs.get('fido')).toMatchObject({ version: 2, tricks: ['sit'] });
    expect(await dogs.has('rex')).toBe(false);
    expect(await followers().status('Trainer')).toMatchObject({ failure: { attempts: 1 } });
    failing.clear();
    await drain(application.app, { retries: true });
    expect(await dogs.get('fido')).toMatchObject({ version: 4, tricks: ['sit', 'stay', 'roll'] });
    expect(await dogs.get('rex')).toMatchObject({ version: 2, tricks: ['stay'] });
    const groups: string[] = [];
    for await (const { group } of application.log.read({ groups: ['Dog.Registered', 'Dog.TrickAdded'] }))
      groups.push(group);
    expect(groups).toHaveLength(6);
  });

  it('has its events pending again after a rollback, so that one that is kept is recorded by the next pass', async () => {
    const { bella } = application.app.get(Trainer);
    then = (trick, { collect }) => {
      if (trick === 'stay') throw new Error(`${trick} is refused`);
      collect(bella);
    };
    await teach('fido', 'sit', 'stay');
    await drain(application.app);
    expect(await dogs.get('fido')).toMatchObject({ version: 2, tricks: ['sit'] });
    expect(await dogs.get('bella')).toMatchObject({ version: 1 });
    then = () => undefined;
    await drain(application.app, { retries: true });
    expect(await dogs.get('bella')).toMatchObject({ version: 1 });
    expect(await dogs.get('fido')).toMatchObject({ version: 3, tricks: ['sit', 'stay'] });
  });

  it('fails the event where somebody else has changed it since it was read', async () => {
    await dogs.save(Dog.register('fido'));
    const stale = await dogs.get('fido');
    await dogs.update('fido', (dog) => dog.addTrick({ trick: 'beg' }));
    let attempts = 0;
    then = (_trick, { collect }) => {
      if (attempts++ > 0) return;
      stale.addTrick({ trick: 'stale' });
      collect(stale);
    };
    await teach('rex', 'sit');
    await drain(application.app);
    const { failure } = await followers().status('Trainer');
    expect(failure).toMatchObject({ attempts: 1, error: expect.stringContaining(ConcurrencyError.name) });
    expect(await dogs.has('rex')).toBe(false);
    await drain(application.app, { retries: true });
    expect(await dogs.get('rex')).toMatchObject({ tricks: ['sit'] });
    expect(await dogs.get('fido')).toMatchObject({ tricks: ['beg'] });
  });
});
