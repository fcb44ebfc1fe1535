import { AggregateInFlightError, ConcurrencyError, TransactionRequiredError } from 'nestjs-once';
import type { DataSourceOptions, EntityManager } from 'typeorm';
import { PENDING } from '../../../lib/aggregates/aggregate.js';
import { describeEachDatabase } from '../../support/databases.js';
import { deferred } from '../../support/deferred.js';
import { Statements } from '../../support/statements.js';
import { Dog } from '../../support/dog.js';
import { Fee, rejection, type School, startSchool, Trainer } from './school.js';

describeEachDatabase('saving aggregates', (db) => {
  let school: School;
  let other: School;
  let database: DataSourceOptions;
  let statements: Statements;

  let [fido, rex, max, ann] = ['', '', '', ''];
  let count = 0;

  beforeAll(async () => {
    database = await db.options();
    statements = new Statements();
    school = await startSchool({ database: { ...database, logging: true, logger: statements } });
    other = await startSchool({ database, synchronize: false });
  });
  afterAll(() => Promise.all([school.close(), other.close()]));

  beforeEach(() => {
    count += 1;
    [fido, rex, max, ann] = [`fido ${count}`, `rex ${count}`, `max ${count}`, `ann ${count}`];
  });

  const pendingOf = (dog: Dog) => dog[PENDING].map(({ version }) => version);
  const historyOf = async (id: string) => {
    const versions = [];
    for await (const event of other.dogs.history(id)) versions.push(event.version);
    return versions;
  };
  const trained = (id: string, ...tricks: string[]) => {
    const dog = Dog.register(id);
    for (const trick of tricks) dog.addTrick({ trick });
    return dog;
  };

  it('records the events in the log, and gives them back', async () => {
    const dog = trained(fido, 'sit');
    const recorded = await school.dogs.save(dog);
    expect(recorded).toMatchObject([
      {
        group: 'Dog.Registered',
        key: `stream:TrainingSchool:${fido}:1`,
        stream: `TrainingSchool:${fido}`,
        version: 1,
        aggregateId: fido,
        data: { name: fido },
        occurredAt: dog.createdAt,
        metadata: { source: 'Dog.registered' },
      },
      { group: 'Dog.TrickAdded', version: 2, data: { trick: 'sit' } },
    ]);
    expect(await school.log.get(`stream:TrainingSchool:${fido}:2`)).toEqual(recorded[1]);
    const read = [];
    for await (const event of school.log.read()) if (event.aggregateId === fido) read.push(event);
    expect(read).toEqual(recorded);
    expect(pendingOf(dog)).toEqual([]);
    expect(await other.dogs.get(fido)).toEqual(dog);
  });

  it('records one or many, of several types, all or none', async () => {
    const trainer = new Trainer(ann);
    trainer.take(fido, new Date(0));
    await school.dogs.save(trained(fido), trainer, trained(rex, 'sit'));
    expect((await other.trainers.get(ann)).dogs).toEqual(new Set([fido]));
    const [stale, fresh] = [await other.dogs.get(rex), trained(max)];
    await school.dogs.update(rex, (rex) => rex.addTrick({ trick: 'stay' }));
    stale.addTrick({ trick: 'roll over' });
    await expect(other.dogs.save([fresh, stale])).rejects.toThrow(ConcurrencyError);
    expect(await school.dogs.has(max)).toBe(false);
    expect([pendingOf(fresh), pendingOf(stale)]).toEqual([[1], [3]]);
  });

  it('sends no statement where nothing is pending', async () => {
    const dog = trained(fido);
    await school.dogs.save(dog);
    statements.all.splice(0);
    expect(await school.dogs.save(dog)).toEqual([]);
    expect(await school.dogs.save()).toEqual([]);
    expect(statements.matching(/event/)).toEqual([]);
  });

  it('refuses what is stale with the versions, stores nothing and leaves the events pending', async () => {
    await school.dogs.save(trained(fido, 'sit'));
    const [first, second] = [await school.dogs.get(fido), await other.dogs.get(fido)];
    first.addTrick({ trick: 'stay' });
    second.addTrick({ trick: 'roll over' });
    second.addTrick({ trick: 'play dead' });
    await school.dogs.save(first);
    const error = await rejection(other.dogs.save(second));
    expect(error).toBeInstanceOf(ConcurrencyError);
    expect(error).toMatchObject({ stream: `TrainingSchool:${fido}`, expected: 2, actual: 3 });
    expect(pendingOf(second)).toEqual([3, 4]);
    expect((await other.dogs.get(fido)).tricks).toEqual(['sit', 'stay']);
  });

  it('gives the first version of a stream to one of two that race for it', async () => {
    for (let round = 0; round < 5; round++) {
      const id = `${fido} ${round}`;
      const dogs = [school, other, school, other].map((one) => ({ one, dog: trained(id, 'sit') }));
      const results = await Promise.allSettled(dogs.map(({ one, dog }) => one.dogs.save(dog)));
      const failed = results.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
      expect(failed).toHaveLength(3);
      for (const { reason } of failed) expect(reason).toBeInstanceOf(ConcurrencyError);
      expect(await historyOf(id)).toEqual([1, 2]);
    }
  });

  it('refuses two objects of one stream in one save', async () => {
    await expect(school.dogs.save(trained(fido), trained(fido))).rejects.toThrow(ConcurrencyError);
    expect(await school.dogs.has(fido)).toBe(false);
  });

  it('takes part in the transaction of a manager, with entities', async () => {
    const dog = trained(fido);
    await school.dataSource.transaction(async (manager) => {
      await manager.save(manager.create(Fee, { dog: fido }));
      await school.dogs.save([dog], { manager });
      dog.addTrick({ trick: 'sit' });
      await school.dogs.save([dog], { manager });
      expect(await school.dogs.get(fido, { manager })).toEqual(dog);
    });
    expect(await historyOf(fido)).toEqual([1, 2]);
    expect(await other.dataSource.manager.countBy(Fee, { dog: fido })).toBe(1);
    expect(pendingOf(dog)).toEqual([]);
    dog.addTrick({ trick: 'stay' });
    await school.dogs.save(dog);
    expect(await historyOf(fido)).toEqual([1, 2, 3]);
  });

  it('gives the events back when the transaction is rolled back, so that a retry stores them', async () => {
    const dog = trained(fido);
    const attempt = (fails: boolean) =>
      school.dataSource.transaction(async (manager) => {
        await school.dogs.save([dog], { manager });
        dog.addTrick({ trick: 'sit' });
        await school.dogs.save([dog], { manager });
        dog.addTrick({ trick: 'stay' });
        if (fails) throw new RangeError('rolls back');
      });
    await expect(attempt(true)).rejects.toThrow(RangeError);
    expect(pendingOf(dog)).toEqual([1, 2, 3]);
    expect(await school.dogs.has(fido)).toBe(false);
    await attempt(false);
    expect(pendingOf(dog)).toEqual([5]);
    await school.dogs.save(dog);
    expect(await historyOf(fido)).toEqual([1, 2, 3, 4, 5]);
    expect(await other.dogs.get(fido)).toEqual(dog);
  });

  it('gives back what a savepoint rolled back, and no more', async () => {
    const dog = trained(fido);
    await school.dataSource.transaction(async (manager) => {
      await school.dogs.save([dog], { manager });
      dog.addTrick({ trick: 'sit' });
      const inner = manager.transaction(async (nested) => {
        await school.dogs.save([dog], { manager: nested });
        throw new RangeError('rolls back');
      });
      await expect(inner).rejects.toThrow(RangeError);
      expect(pendingOf(dog)).toEqual([2]);
    });
    expect(await historyOf(fido)).toEqual([1]);
    await school.dogs.save(dog);
    expect(await historyOf(fido)).toEqual([1, 2]);
  });

  it('gives the events back where a COMMIT was answered with a ROLLBACK', async () => {
    const dog = trained(fido);
    const transaction = school.dataSource.transaction(async (manager) => {
      await school.dogs.save([dog], { manager });
      await manager.query('ROLLBACK');
    });
    await transaction.catch(() => undefined);
    dog.addTrick({ trick: 'sit' });
    await school.dogs.save(dog);
    expect(await historyOf(fido)).toEqual([1, 2]);
  });

  it('stores at a retry what came back of such a COMMIT, where nothing else is pending', async () => {
    const dog = trained(fido);
    const transaction = school.dataSource.transaction(async (manager) => {
      await school.dogs.save([dog], { manager });
      await manager.query('ROLLBACK');
    });
    await transaction.catch(() => undefined);
    expect(await school.dogs.save(dog)).toHaveLength(1);
    expect(await historyOf(fido)).toEqual([1]);
  });

  it('leaves the transaction usable after a conflict', async () => {
    await school.dogs.save(trained(fido, 'sit'));
    const stale = await other.dogs.get(fido);
    await school.dogs.update(fido, (dog) => dog.addTrick({ trick: 'stay' }));
    stale.addTrick({ trick: 'roll over' });
    await other.dataSource.transaction(async (manager) => {
      await manager.save(manager.create(Fee, { dog: fido }));
      await expect(other.dogs.save([stale], { manager })).rejects.toThrow(ConcurrencyError);
      await other.dogs.update(fido, (dog) => dog.addTrick({ trick: 'roll over' }), { manager });
    });
    expect(await historyOf(fido)).toEqual([1, 2, 3, 4]);
    expect(await school.dataSource.manager.countBy(Fee, { dog: fido })).toBe(1);
    expect(pendingOf(stale)).toEqual([3]);
  });

  it('refuses an aggregate that is in flight in another transaction', async () => {
    const dog = trained(fido);
    const [saved, done] = [deferred(), deferred()];
    const open = school.dataSource.transaction(async (manager) => {
      await school.dogs.save([dog], { manager });
      saved.resolve();
      await done.promise;
    });
    await saved.promise;
    // Nothing is pending, but a rollback would give it back.
    await expect(school.dogs.save(dog)).rejects.toThrow(AggregateInFlightError);
    dog.addTrick({ trick: 'sit' });
    await expect(school.dogs.save(dog)).rejects.toThrow(AggregateInFlightError);
    done.resolve();
    await open;
    await school.dogs.save(dog);
    expect(await historyOf(fido)).toEqual([1, 2]);
  });

  it('refuses a manager that is in no transaction', async () => {
    const dog = trained(fido);
    const { manager } = school.dataSource;
    await expect(school.dogs.save([dog], { manager })).rejects.toThrow(TransactionRequiredError);
    expect(pendingOf(dog)).toEqual([1]);
  });

  it('refuses a class that the application does not have', async () => {
    class Stray extends Dog {}
    await expect(school.dogs.save(new Stray('x'))).rejects.toMatchObject({
      code: 'UNKNOWN_AGGREGATE_TYPE',
      type: 'Stray',
    });
    await expect(school.dogs.save({} as Dog)).rejects.toMatchObject({ code: 'UNKNOWN_AGGREGATE_TYPE' });
  });

  it('leaves pending what the codec refuses', async () => {
    class Money {}
    const dog = trained(fido);
    dog.addTrick({ trick: new Money() });
    await expect(school.dogs.save(dog)).rejects.toMatchObject({
      code: 'PAYLOAD_NOT_ENCODABLE',
      path: 'data.trick',
    });
    expect(pendingOf(dog)).toEqual([1, 2]);
    expect(await school.dogs.has(fido)).toBe(false);
  });

  if (db.name !== 'sqlite')
    it('tells of a conflict above READ COMMITTED by the same error', async () => {
      await school.dogs.save(trained(fido));
      const conflict = async (manager: EntityManager, dog: Dog) => {
        // The snapshot is taken by the first statement.
        await manager.count(Fee);
        await other.dogs.update(fido, (one) => one.addTrick({ trick: 'stay' }));
        return rejection(school.dogs.save([dog], { manager }));
      };
      for (const level of ['REPEATABLE READ', 'SERIALIZABLE'] as const) {
        const dog = await school.dogs.get(fido);
        dog.addTrick({ trick: 'sit' });
        let error: any;
        await school.dataSource
          .transaction(level, async (manager) => {
            error = await conflict(manager, dog);
            throw new RangeError('rolls back');
          })
          .catch(() => undefined);
        expect(error).toBeInstanceOf(ConcurrencyError);
        expect(error).toMatchObject({ stream: `TrainingSchool:${fido}`, expected: dog.version - 1 });
        expect(pendingOf(dog)).toHaveLength(1);
      }
    });

  if (db.name !== 'sqlite')
    it('tells of a deadlock by the same error, after which a retry stores what is pending', async () => {
      const [first, second] = [trained(fido), trained(rex)];
      const [a, b] = [deferred(), deferred()];
      const save = (one: School, dogs: [Dog, Dog], mine: typeof a, theirs: typeof a) =>
        one.dataSource.transaction(async (manager) => {
          await one.dogs.save([dogs[0]], { manager });
          mine.resolve();
          await theirs.promise;
          await one.dogs.save([dogs[1]], { manager });
        });
      const results = await Promise.allSettled([
        save(school, [first, trained(rex)], a, b),
        save(other, [second, trained(fido)], b, a),
      ]);
      const failed = results.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
      expect(failed.length).toBeGreaterThan(0);
      for (const { reason } of failed) expect(reason).toBeInstanceOf(ConcurrencyError);
      expect(failed.some(({ reason }) => reason.cause !== undefined && reason.actual === undefined)).toBe(
        true,
      );
      const loser = results[0].status === 'rejected' ? first : second;
      expect(pendingOf(loser)).toEqual([1]);
    });
});
