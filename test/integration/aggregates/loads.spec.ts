import {
  AggregateNotFoundError,
  type AggregateRecordedEvent,
  AggregateSequenceError,
  ConcurrencyError,
  EventHandler,
  EventSourcingModule,
  getAggregatesToken,
  InjectAggregates,
  type AggregateRepository,
  InvalidAggregateError,
  UnknownAggregateTypeError,
} from 'nestjs-once';
import { Injectable } from '@nestjs/common';
import { drain } from 'nestjs-once/testing';
import type { DataSourceOptions } from 'typeorm';
import { PAGE } from '../../../lib/aggregates/aggregate-loads.js';
import { describeEachDatabase } from '../../support/databases.js';
import { Dog } from '../../support/dog.js';
import { rejection, type School, startSchool } from './school.js';

const handled: AggregateRecordedEvent[] = [];

@Injectable()
class Watcher {
  constructor(@InjectAggregates(Dog, 'TrainingSchool') readonly dogs: AggregateRepository<Dog>) {}

  @EventHandler('Dog.*')
  watch(event: AggregateRecordedEvent): void {
    handled.push(event);
  }
}

describeEachDatabase('loading aggregates', (db) => {
  let school: School;
  let database: DataSourceOptions;
  let [fido, count] = ['', 0];

  beforeAll(async () => {
    database = await db.options();
    const others = [EventSourcingModule.forFeature({ aggregates: [Dog], application: 'Other' })];
    school = await startSchool({ database, providers: [Watcher], others });
  });
  afterAll(() => school.close());
  beforeEach(() => {
    fido = `fido ${++count}`;
  });

  const dogsOf = (application: string) =>
    school.app.get<AggregateRepository<Dog>>(getAggregatesToken(Dog, application), { strict: false });
  const dogs = () => dogsOf('TrainingSchool');

  const trained = async (id: string, ...tricks: string[]) => {
    const dog = Dog.register(id);
    for (const trick of tricks) dog.addTrick({ trick });
    await dogs().save(dog);
    return dog;
  };

  it('gives the aggregate as it is, or was', async () => {
    const dog = await trained(fido, 'sit', 'stay');
    expect(await dogs().get(fido)).toEqual(dog);
    expect(await dogs().find(fido)).toEqual(dog);
    expect(await dogs().has(fido)).toBe(true);
    expect(await dogs().get(fido, { version: 2 })).toMatchObject({ version: 2, tricks: ['sit'] });
  });

  it('gives an aggregate of more events than are read at once, as everybody and as a transaction sees it', async () => {
    const tricks = Array.from({ length: 2 * PAGE }, (_, number) => `trick ${number}`);
    const dog = await trained(fido, ...tricks);
    expect(await dogs().get(fido)).toEqual(dog);
    expect((await dogs().get(fido, { version: PAGE + 1 })).tricks).toEqual(tricks.slice(0, PAGE));
    await school.dataSource.transaction(async (manager) => {
      expect((await dogs().get(fido, { manager })).version).toBe(2 * PAGE + 1);
    });
    let versions = 0;
    for await (const { version } of dogs().history(fido)) expect(version).toBe(++versions);
    expect(versions).toBe(2 * PAGE + 1);
  });

  it('says that there is none', async () => {
    await trained(fido);
    expect(await dogs().find('nobody')).toBeUndefined();
    expect(await dogs().has('nobody')).toBe(false);
    expect(await rejection(dogs().get('nobody'))).toBeInstanceOf(AggregateNotFoundError);
    expect(await rejection(dogs().get(fido, { version: 2 }))).toMatchObject({
      code: 'AGGREGATE_NOT_FOUND',
      type: 'Dog',
      id: fido,
      version: 2,
    });
    for (const version of [0, -1, 1.5])
      expect(await rejection(dogs().get(fido, { version }))).toMatchObject({ code: 'INVALID_OPTION' });
    expect(await rejection(dogs().get(''))).toMatchObject({ code: 'INVALID_OPTION' });
  });

  it('gives the history, and views of it', async () => {
    await trained(fido, 'sit', 'stay');
    const history = [];
    for await (const { version, group, stream, aggregateId } of dogs().history(fido))
      history.push({ version, group, stream, aggregateId });
    expect(history).toEqual(
      ['Registered', 'TrickAdded', 'TrickAdded'].map((event, index) => ({
        version: index + 1,
        group: `Dog.${event}`,
        stream: `TrainingSchool:${fido}`,
        aggregateId: fido,
      })),
    );
    const project = (view: readonly string[] | undefined, { data }: AggregateRecordedEvent) =>
      Object.freeze([...(view ?? []), (data as { trick?: string }).trick ?? 'new']);
    expect(await dogs().get(fido, { project })).toEqual(['new', 'sit', 'stay']);
    expect(await dogs().get(fido, { project, version: 2 })).toEqual(['new', 'sit']);
    expect(await rejection(dogs().get('nobody', { project }))).toBeInstanceOf(AggregateNotFoundError);
  });

  it('updates what others update at the same time', async () => {
    await trained(fido);
    const tricks = ['a', 'b', 'c', 'd'];
    await Promise.all(tricks.map((trick) => dogs().update(fido, (dog) => dog.addTrick({ trick }))));
    const dog = await dogs().get(fido);
    expect([...dog.tricks].sort()).toEqual(tricks);
    expect(dog.version).toBe(5);
  });

  it('gives up an update after its last attempt, and tells what the change threw', async () => {
    await trained(fido);
    let calls = 0;
    const change = async (dog: Dog) => {
      calls += 1;
      const meanwhile = await dogs().get(fido);
      meanwhile.addTrick({ trick: `meanwhile ${calls}` });
      await dogs().save(meanwhile);
      expect(dog.tricks).toHaveLength(calls - 1);
      dog.addTrick({ trick: 'late' });
    };
    expect(await rejection(dogs().update(fido, change, { attempts: 3 }))).toBeInstanceOf(ConcurrencyError);
    expect(calls).toBe(3);
    await expect(dogs().update(fido, (dog) => dog.addTrick({ trick: 'bite' }))).rejects.toThrow(RangeError);
    expect((await dogs().get(fido)).tricks).toHaveLength(3);
  });

  it('can undo a body that throws after it was loaded', async () => {
    await trained(fido, 'sit');
    const dog = await dogs().get(fido);
    const twin = await dogs().get(fido);
    expect(() => dog.addTrick({ trick: 'bite' })).toThrow(RangeError);
    expect(dog).toEqual(twin);
  });

  it('keeps the same id in two applications apart', async () => {
    await trained(fido, 'sit');
    const stranger = Dog.register(fido, 'stranger');
    await dogsOf('Other').save(stranger);
    expect((await dogs().get(fido)).tricks).toEqual(['sit']);
    expect(await dogsOf('Other').get(fido)).toEqual(stranger);
  });

  it('refuses to guess whose type is meant where several applications have it', async () => {
    const error = await rejection(school.dogs.get(fido));
    expect(error).toBeInstanceOf(InvalidAggregateError);
    expect(error.message).toMatch(/several applications, TrainingSchool, Other/);
    expect(await school.trainers.find(fido)).toBeUndefined();
  });

  it('tells handlers stream, version and id', async () => {
    handled.splice(0);
    await trained(fido, 'sit');
    await drain(school.app);
    expect(handled.filter(({ aggregateId }) => aggregateId === fido)).toEqual([
      expect.objectContaining({ stream: `TrainingSchool:${fido}`, version: 1, data: { name: fido } }),
      expect.objectContaining({ stream: `TrainingSchool:${fido}`, version: 2, data: { trick: 'sit' } }),
    ]);
  });

  it('refuses to replay a gap, and events of another type', async () => {
    await trained(fido, 'sit', 'stay');
    const { dataSource } = school;
    expect(await rejection(school.trainers.get(fido))).toBeInstanceOf(UnknownAggregateTypeError);
    await dataSource.query(`DELETE FROM once_event WHERE event_key = 'stream:TrainingSchool:${fido}:2'`);
    const error = await rejection(dogs().get(fido));
    expect(error).toBeInstanceOf(AggregateSequenceError);
    expect(error).toMatchObject({ expected: 'version 2 next', actual: 'version 3' });
  });

  it('ends a stream by an event', async () => {
    await trained(fido);
    const [closed, stale] = [await dogs().get(fido), await dogs().get(fido)];
    closed.leave();
    expect(() => closed.addTrick({ trick: 'sit' })).toThrow(/was ended by an event/);
    await dogs().save(closed);
    stale.addTrick({ trick: 'sit' });
    await expect(dogs().save(stale)).rejects.toThrow(ConcurrencyError);
    const update = dogs().update(fido, (dog) => dog.addTrick({ trick: 'sit' }));
    expect(await rejection(update)).toMatchObject({ code: 'AGGREGATE_CLOSED', id: fido });
    expect(await rejection(dogs().restart(fido))).toMatchObject({ code: 'AGGREGATE_CLOSED' });
  });
});
