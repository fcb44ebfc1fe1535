import { Injectable, Logger } from '@nestjs/common';
import { jest } from '@jest/globals';
import {
  Aggregate,
  AggregateEvent,
  type AggregateRepository,
  AggregateType,
  EventSourcingModule,
  getAggregatesToken,
  InjectAggregates,
  SchemaNotReadyError,
  UpcastSnapshot,
} from 'nestjs-once';
import type { DataSourceOptions } from 'typeorm';
import type { Engine } from '../../../lib/module/engine.js';
import { engineToken } from '../../../lib/module/tokens.js';
import { describeEachDatabase } from '../../support/databases.js';
import { Statements } from '../../support/statements.js';
import { Dog } from '../../support/dog.js';
import { rejection, type School, startSchool } from './school.js';

@AggregateType('Cat', { restarts: true })
class Cat extends Aggregate {
  lives = 9;
  name?: string;
  @AggregateEvent('Fell')
  fall(): void {
    this.lives -= 1;
  }
  @AggregateEvent('Named', ['name'])
  call(name: string): void {
    this.name = name;
  }
  @AggregateEvent('Gone', { closes: true })
  go(): void {}
}

@AggregateType('Cat', { schemaVersion: 3 })
class LaterCat extends Aggregate {
  left = 9;
  @AggregateEvent('Fell')
  fall(): void {
    this.left -= 1;
  }
  @UpcastSnapshot(1)
  static second({ lives }: { lives: number }) {
    return { remaining: lives };
  }
  @UpcastSnapshot(2)
  static third({ remaining }: { remaining: number }) {
    return { left: remaining };
  }
}

@AggregateType('Cat', { schemaVersion: 2 })
class GapCat extends Aggregate {
  lives = 9;
  @AggregateEvent('Fell')
  fall(): void {
    this.lives -= 1;
  }
}

@AggregateType('Cat')
class PickyCat extends Aggregate {
  lives = 9;
  @AggregateEvent('Fell')
  fall(): void {
    this.lives -= 1;
  }
  static acceptsSnapshot({ lives }: { lives: number }): boolean {
    return lives > 100;
  }
}

@Injectable()
class Cats {
  constructor(@InjectAggregates(Cat) readonly cats: AggregateRepository<Cat>) {}
}

describeEachDatabase('snapshots', (db) => {
  let school: School;
  let database: DataSourceOptions;
  let statements: Statements;
  let [id, count] = ['', 0];
  const others = (cat: typeof Cat | typeof LaterCat | typeof GapCat | typeof PickyCat, options: object) =>
    EventSourcingModule.forFeature({ aggregates: [cat], application: 'Cats', ...options });

  beforeAll(async () => {
    database = await db.options();
    statements = new Statements();
    school = await startSchool({
      database: { ...database, logging: true, logger: statements },
      feature: { snapshots: { Dog: 100 }, cache: 2 },
      others: [others(Cat, { snapshots: { Cat: 3 }, providers: [Cats], exports: [Cats] })],
    });
  });
  afterAll(() => school.close());
  beforeEach(() => {
    id = `pet ${++count}`;
    statements.all.splice(0);
  });
  afterEach(() => jest.restoreAllMocks());

  const engineOf = (one: School) => one.app.get<Engine>(engineToken(), { strict: false });
  const settled = (one = school) => engineOf(one).parts.aggregates.parts.background.finished();
  const cats = () => school.app.get(Cats, { strict: false }).cats;
  const rows = async (application: string): Promise<[number, number][]> => {
    const sql = `SELECT version, schema_version FROM once_snapshot WHERE stream = '${application}:${id}' ORDER BY 1, 2`;
    const found: { version: unknown; schema_version: unknown }[] = await school.dataSource.query(sql);
    return found.map((row) => [Number(row.version), Number(row.schema_version)]);
  };
  const fallen = async (times: number) => {
    const cat = new Cat(id);
    for (let time = 0; time < times; time++) cat.fall();
    await cats().save(cat);
    return cat;
  };
  /** Another release of the application on the same database. */
  const release = async <T extends Aggregate>(type: new (id: string) => T, options = {}) => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const started = await startSchool({
      database,
      synchronize: false,
      others: [others(type as never, options)],
    });
    const repository = started.app.get<AggregateRepository<T>>(getAggregatesToken(type), { strict: false });
    return { started, repository, warned: () => warn.mock.calls.map(([line]) => String(line)) };
  };

  it('are taken at each multiple that one save crosses', async () => {
    await fallen(7);
    expect(await rows('Cats')).toEqual([
      [3, 1],
      [6, 1],
    ]);
    statements.all.splice(0);
    expect(await cats().get(id)).toMatchObject({ version: 7, lives: 2 });
    expect(await cats().get(id, { version: 5 })).toMatchObject({ version: 5, lives: 4 });
    expect(await cats().get(id, { version: 3 })).toMatchObject({ version: 3, lives: 6 });
  });

  it('are what a load begins from', async () => {
    const cat = await fallen(7);
    await school.dataSource.query(
      `DELETE FROM once_event WHERE stream = 'Cats:${id}' AND stream_version <= 6`,
    );
    expect(await cats().get(id)).toEqual(cat);
  });

  it('are taken by hand at a version, and stay what they are', async () => {
    await fallen(2);
    await cats().snapshot(id);
    await cats().snapshot(id, { version: 1 });
    await cats().snapshot(id, { version: 1 });
    expect(await rows('Cats')).toEqual([
      [1, 1],
      [2, 1],
    ]);
    expect(await rejection(cats().snapshot('nobody'))).toMatchObject({ code: 'AGGREGATE_NOT_FOUND' });
  });

  it('keep what an aggregate is: its times, what is unset, and what undoing needs', async () => {
    const cat = await fallen(3);
    const loaded = await cats().get(id);
    expect(loaded).toEqual(cat);
    expect(Object.keys(loaded).sort()).toEqual(Object.keys(cat).sort());
    expect(() => loaded.call(Symbol('no') as unknown as string)).toThrow(/data\.name/);
    loaded.call('Tom');
    expect(loaded).toMatchObject({ version: 4, lives: 6, name: 'Tom' });
  });

  it('are written when the transaction of the caller commits, and not when it is rolled back', async () => {
    const cat = new Cat(id);
    for (let time = 0; time < 4; time++) cat.fall();
    const attempt = (fails: boolean) =>
      school.dataSource.transaction(async (manager) => {
        await cats().save([cat], { manager });
        if (fails) throw new RangeError('rolls back');
      });
    await expect(attempt(true)).rejects.toThrow(RangeError);
    await settled();
    expect(await rows('Cats')).toEqual([]);
    await attempt(false);
    await engineOf(school).parts.commits.flush();
    await settled();
    expect(await rows('Cats')).toEqual([[3, 1]]);
  });

  it('that fail do not fail a save that was committed', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const { snapshots } = engineOf(school).parts.aggregates.parts;
    jest.spyOn(snapshots, 'write').mockRejectedValue(new RangeError('disk full'));
    const cat = await fallen(3);
    expect(warn.mock.calls.map(([line]) => String(line))).toEqual([
      'A snapshot of Cat could not be written: disk full',
    ]);
    expect(await cats().get(id)).toEqual(cat);
    expect(await rows('Cats')).toEqual([]);
  });

  it('of an earlier schema version are brought up to date step by step, and written anew', async () => {
    await fallen(4);
    const { started, repository } = await release(LaterCat);
    await school.dataSource.query(
      `DELETE FROM once_event WHERE stream = 'Cats:${id}' AND stream_version <= 3`,
    );
    expect(await repository.get(id)).toMatchObject({ version: 4, left: 5 });
    await settled(started);
    expect(await rows('Cats')).toEqual([
      [3, 1],
      [3, 3],
    ]);
    expect(await repository.get(id)).toMatchObject({ version: 4, left: 5 });
    await started.close();
  });

  it('of a schema version without a step are passed over, told of once, and written anew', async () => {
    await fallen(4);
    const { started, repository, warned } = await release(GapCat);
    for (let time = 0; time < 2; time++)
      expect(await repository.get(id)).toMatchObject({ version: 4, lives: 5 });
    await settled(started);
    expect(await rows('Cats')).toEqual([
      [3, 1],
      [4, 2],
    ]);
    const lines = warned().filter((line) => line.includes('Passing over'));
    expect(lines).toEqual([
      expect.stringMatching(/snapshots of Cat in schema version 1.*no step from version 1/),
    ]);
    await started.close();
  });

  it('of a newer schema version are passed over', async () => {
    await fallen(2);
    const later = await release(LaterCat);
    await later.repository.snapshot(id);
    await later.started.close();
    expect(await cats().get(id)).toMatchObject({ version: 2, lives: 7 });
    await settled();
    expect(await rows('Cats')).toEqual([
      [2, 1],
      [2, 3],
    ]);
  });

  it('that the class does not accept, or that cannot be read, are written anew', async () => {
    await fallen(3);
    const picky = await release(PickyCat);
    expect(await picky.repository.get(id)).toMatchObject({ version: 3, lives: 6 });
    expect(picky.warned().join()).toMatch(/the class does not accept it/);
    await picky.started.close();
    await school.dataSource.query(`UPDATE once_snapshot SET payload = '{' WHERE stream = 'Cats:${id}'`);
    jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    expect(await cats().get(id)).toMatchObject({ version: 3, lives: 6 });
    await settled();
    await school.dataSource.query(`DELETE FROM once_event WHERE stream = 'Cats:${id}'`);
    expect(await cats().get(id)).toMatchObject({ version: 3, lives: 6 });
  });

  it('know that a stream was ended, and the aggregate may restart', async () => {
    await fallen(2);
    await cats().update(id, (cat) => cat.go());
    expect(await rows('Cats')).toEqual([[3, 1]]);
    const closed = await cats().get(id);
    expect(() => closed.fall()).toThrow(/was ended by an event/);
    const again = await cats().restart(id);
    expect(again).toMatchObject({ version: 3, lives: 9 });
    again.call('Tom');
    again.fall();
    await cats().save(again);
    expect(await cats().get(id)).toEqual(again);
    expect(await cats().get(id, { version: 2 })).toMatchObject({ lives: 7 });
    expect(again).toMatchObject({ version: 5, lives: 8, name: 'Tom', createdAt: expect.any(Date) });
    expect(await rejection(cats().restart(id))).toMatchObject({ code: 'INVALID_AGGREGATE' });
  });

  it('in memory are brought up to date, and each caller has one of its own', async () => {
    const dog = Dog.register(id);
    await school.dogs.save(dog);
    const other = await release(Cat);
    statements.all.splice(0);
    const loaded = await school.dogs.get(id);
    expect(statements.matching(/once_snapshot/)).toEqual([]);
    loaded.tricks.push('not an event');
    await other.started.dogs.update(id, (one) => one.addTrick({ trick: 'sit' }));
    expect(await school.dogs.get(id)).toMatchObject({ version: 2, tricks: ['sit'] });
    await other.started.close();
  });

  it('in memory have nothing of a transaction that is rolled back', async () => {
    await school.dogs.save(Dog.register(id));
    const dog = await school.dogs.get(id);
    dog.addTrick({ trick: 'sit' });
    const transaction = school.dataSource.transaction(async (manager) => {
      await school.dogs.save([dog], { manager });
      expect(await school.dogs.get(id, { manager })).toMatchObject({ version: 2 });
      throw new RangeError('rolls back');
    });
    await expect(transaction).rejects.toThrow(RangeError);
    await settled();
    expect(await school.dogs.get(id)).toMatchObject({ version: 1, tricks: [] });
  });

  if (db.name === 'sqlite')
    it('in memory have nothing of a transaction that a load has joined', async () => {
      const dog = Dog.register(id);
      const transaction = school.dataSource.transaction(async () => {
        await school.dogs.save(dog);
        expect(await school.dogs.get(id)).toMatchObject({ version: 1 });
        throw new RangeError('rolls back');
      });
      await expect(transaction).rejects.toThrow(RangeError);
      expect(await school.dogs.find(id)).toBeUndefined();
      await school.dogs.save(dog);
      expect(await school.dogs.get(id)).toEqual(dog);
    });

  it('in memory give way to those that are used more lately', async () => {
    const names = [1, 2, 3].map((n) => `${id} ${n}`);
    for (const name of names) await school.dogs.save(Dog.register(name));
    const isCached = async (name: string) => {
      statements.all.splice(0);
      await school.dogs.get(name);
      return statements.matching(/once_snapshot/).length === 0;
    };
    expect([await isCached(names[2]!), await isCached(names[1]!), await isCached(names[0]!)]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('need a table, without which the first call tells what is missing', async () => {
    const own = await db.options();
    await (await startSchool({ database: own })).close();
    const started = await startSchool({ database: own, options: { schema: 'none' } });
    await started.dataSource.query('DELETE FROM once_migration WHERE version = 3');
    await started.dataSource.query('DROP TABLE once_snapshot');
    for (const call of [() => started.dogs.get('x'), () => started.dogs.save(Dog.register('x'))])
      expect(await rejection(call())).toBeInstanceOf(SchemaNotReadyError);
    await started.close();
  });
});
