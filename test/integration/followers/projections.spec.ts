import { Injectable, type Type } from '@nestjs/common';
import {
  event,
  Follower,
  Followers,
  InvalidFollowerError,
  On,
  OnReset,
  type Projected,
  Projection,
  type RecordedEvent,
  remove,
  update,
  upsert,
} from 'nestjs-once';
import { drain } from 'nestjs-once/testing';
import { Column, type DataSourceOptions, Entity, PrimaryColumn } from 'typeorm';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';

@Entity('projected_dog')
class ProjectedDog {
  @PrimaryColumn({ length: 50 })
  id: string;

  @Column({ type: 'varchar', length: 50, nullable: true })
  name: string | null;

  @Column({ default: 0 })
  tricks: number;
}

@Entity('projected_dog_2')
class ProjectedDog2 extends ProjectedDog {}

interface Data {
  id: string;
  name?: string;
  tricks?: number;
}

class Base {
  @On('Dog.Registered')
  registered({ data: { id, name } }: RecordedEvent<{ id: string; name: string }>): Projected {
    return upsert<ProjectedDog>({ id, name });
  }

  @On('Dog.Changed')
  changed({ data: { id, ...changes } }: RecordedEvent<Data>): Projected {
    return update<ProjectedDog>({ id }, changes);
  }

  @On('Dog.Left')
  async left({ data: { id } }: RecordedEvent<{ id: string }>): Promise<Projected> {
    return Promise.resolve(remove<ProjectedDog>({ id }));
  }

  @On('Dog.Several')
  several({ data: { dogs, gone } }: RecordedEvent<{ dogs: Data[]; gone: string }>): Projected {
    return [dogs.map((dog) => upsert<ProjectedDog>(dog)), remove<ProjectedDog>({ id: gone }), null];
  }

  @On('Dog.Seen')
  seen(): void {}

  @On('Dog.Wrong')
  wrong({ data: { how } }: RecordedEvent<{ how: string }>): Projected {
    if (how === 'key') return upsert<ProjectedDog>({ name: 'Nobody' });
    if (how === 'all') return remove<ProjectedDog>({});
    if (how === 'undefined') return remove<ProjectedDog>({ id: undefined! });
    if (how === 'null') return remove<ProjectedDog>({ name: null });
    return { id: 'a', name: 'Raw' } as never;
  }
}

@Injectable()
@Follower('Dogs', { retry: { maxRetries: 0 } })
@Projection(ProjectedDog)
class Dogs extends Base {}

@Injectable()
@Projection(ProjectedDog2)
@Follower('Dogs', { version: 2, retry: { maxRetries: 0 } })
class Dogs2 extends Base {}

@Injectable()
@Follower('Dogs')
@Projection(ProjectedDog)
class KeepingDogs extends Base {
  @OnReset()
  keep(): void {}
}

describeEachDatabase('a projection', (db) => {
  let database: DataSourceOptions;
  const open: TestApplication[] = [];

  beforeEach(async () => {
    database = await db.options();
  });

  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close();
  });

  async function start(follower: Type<object>, entities: Function[] = [ProjectedDog, ProjectedDog2]) {
    const application = await startApplication({
      database,
      entities,
      providers: [follower],
      synchronize: open.length === 0,
    });
    open.push(application);
    return { ...application, followers: application.app.get(Followers) };
  }

  const dogs = async ({ dataSource }: TestApplication, entity: Type<ProjectedDog> = ProjectedDog) =>
    (await dataSource.getRepository(entity).find({ order: { id: 'ASC' } })).map(({ id, name, tricks }) => [
      id,
      name,
      tricks,
    ]);

  const registered = (...ids: string[]) =>
    ids.map((id) => event('Dog.Registered', id, { id, name: id.toUpperCase() }));

  it('writes what its methods return, in order, and nothing where they return nothing', async () => {
    const one = await start(Dogs);
    await one.log.append([
      ...registered('fido', 'rex', 'toby'),
      event('Dog.Changed', 1, { id: 'fido', tricks: 3 }),
      event('Dog.Changed', 2, { id: 'nobody', tricks: 3 }),
      event('Dog.Left', 1, { id: 'rex' }),
      event('Dog.Registered', 'fido again', { id: 'fido', name: 'Fido' }),
      event('Dog.Seen', 1),
    ]);
    await drain(one.app);
    expect(await dogs(one)).toEqual([
      ['fido', 'Fido', 3],
      ['toby', 'TOBY', 0],
    ]);
    await one.log.append([
      event('Dog.Several', 1, {
        dogs: [
          { id: 'a', name: 'A' },
          { id: 'b', name: 'B' },
          { id: 'a', name: 'A again' },
          { id: 'b', tricks: 5 },
        ],
        gone: 'toby',
      }),
    ]);
    await drain(one.app);
    expect(await dogs(one)).toEqual([
      ['a', 'A again', 0],
      ['b', 'B', 5],
      ['fido', 'Fido', 3],
    ]);
  });

  it('is emptied when its follower is reset, unless it says otherwise, and replayed to the same rows', async () => {
    const one = await start(Dogs);
    await one.log.append([...registered('fido', 'rex'), event('Dog.Left', 1, { id: 'rex' })]);
    await drain(one.app);
    await one.dataSource.getRepository(ProjectedDog).insert({ id: 'stray' });
    await one.followers.reset('Dogs');
    expect(await dogs(one)).toEqual([]);
    await drain(one.app);
    expect(await dogs(one)).toEqual([['fido', 'FIDO', 0]]);
    const keeping = await start(KeepingDogs);
    await keeping.followers.reset('Dogs');
    expect(await dogs(keeping)).toHaveLength(1);
  });

  it('has an entity of its own for each version, and takes the place of the one before', async () => {
    const one = await start(Dogs);
    await one.log.append(registered('fido', 'rex'));
    await drain(one.app);
    const other = await start(Dogs2);
    expect(await dogs(other, ProjectedDog2)).toEqual([]);
    await drain(other.app);
    expect(await other.followers.activeVersion('Dogs')).toBe(2);
    expect(await dogs(other, ProjectedDog2)).toEqual(await dogs(one));
  });

  it.each([
    ['raw', /Dogs\.wrong: expected it to return upsert\(row\)/],
    ['key', /expected the row of upsert to have its primary key, and id is missing/],
    ['all', /expected one value or more .* there is none/],
    ['undefined', /expected one value or more .* id is undefined/],
    ['null', /name is null.*IsNull\(\)/],
  ])('writes nothing of what is wrong (%s), and says what is', async (how, message) => {
    const one = await start(Dogs);
    await one.log.append([...registered('fido'), event('Dog.Wrong', 1, { how })]);
    await one.followers.sync();
    const { state, failure } = await one.followers.status('Dogs');
    expect([state, failure!.error]).toEqual(['stopped', expect.stringMatching(message)]);
    expect(await dogs(one)).toEqual([['fido', 'FIDO', 0]]);
  });

  it('is refused where its entity is not one of the DataSource', async () => {
    await expect(start(Dogs, [])).rejects.toThrow(InvalidFollowerError);
    await expect(start(Dogs, [])).rejects.toThrow(
      /expected the entity of its @Projection to be one of the DataSource "default"/,
    );
  });
});
