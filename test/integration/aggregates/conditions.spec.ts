import { DecisionConflictError, InvalidOptionError } from 'nestjs-once';
import type { EntityManager } from 'typeorm';
import { PENDING } from '../../../lib/aggregates/aggregate.js';
import { describeEachDatabase } from '../../support/databases.js';
import { Dog } from '../../support/dog.js';
import { type School, startSchool } from './school.js';

describeEachDatabase('saving aggregates under a condition', (db) => {
  let school: School;
  let count = 0;

  beforeAll(async () => {
    school = await startSchool({ database: await db.options() });
  });
  afterAll(() => school.close());

  const complaint = (tag: string) => ({ group: 'Complaint', key: `complaint ${++count}`, tags: [tag] });

  const conditionOf = async (tag: string) => {
    const reading = school.log.read({ tags: [tag] });
    for await (const _ of reading);
    return reading.condition;
  };

  it('records them where it holds', async () => {
    const condition = await conditionOf('owner:1');
    const recorded = await school.dogs.save([Dog.register('fido'), Dog.register('rex')], { condition });
    expect(recorded.map(({ aggregateId }) => aggregateId)).toEqual(['fido', 'rex']);
    expect(await school.dogs.has('rex')).toBe(true);
  });

  it('stores nothing where it does not, and their events are pending still', async () => {
    const condition = await conditionOf('owner:2');
    const { event } = await school.log.append(complaint('owner:2'));
    const dog = Dog.register('max');
    const save = school.dogs.save([dog], { condition });
    await expect(save).rejects.toThrow(DecisionConflictError);
    await expect(save).rejects.toMatchObject({ reason: 'changed', positions: [event!.position] });
    expect(dog[PENDING]).toHaveLength(1);
    expect(await school.dogs.has('max')).toBe(false);
    expect(await school.dogs.save([dog], { condition: await conditionOf('owner:2') })).toHaveLength(1);
  });

  it('is part of the transaction of its manager, which goes on', async () => {
    const [held, broken] = [await conditionOf('owner:3'), await conditionOf('owner:4')];
    await school.log.append(complaint('owner:4'));
    const { isolation } = db.dialect === 'sqlite' ? {} : ({ isolation: 'READ COMMITTED' } as const);
    const work = async (manager: EntityManager) => {
      await school.dogs.save([Dog.register('a')], { manager, condition: held });
      const late = school.dogs.save([Dog.register('b')], { manager, condition: broken });
      await expect(late).rejects.toThrow(DecisionConflictError);
      await school.dogs.save([Dog.register('c')], { manager });
    };
    await (isolation ? school.dataSource.transaction(isolation, work) : school.dataSource.transaction(work));
    const there = await Promise.all(['a', 'b', 'c'].map((id) => school.dogs.has(id)));
    expect(there).toEqual([true, false, true]);
  });

  it('refuses what is no condition', async () => {
    const save = school.dogs.save([Dog.register('d')], { condition: {} as never });
    await expect(save).rejects.toThrow(InvalidOptionError);
  });
});
