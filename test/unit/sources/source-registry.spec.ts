import libsql from 'libsql';
import {
  Column,
  DataSource,
  Entity,
  ManyToOne,
  PrimaryGeneratedColumn,
  type Relation,
  ViewColumn,
  ViewEntity,
} from 'typeorm';
import { ModelEventSource, sourceMetadataOf } from '../../../lib/sources/model-event-source.decorator.js';
import { SourceRegistry } from '../../../lib/sources/source-registry.js';

abstract class Base {
  @PrimaryGeneratedColumn()
  id: number;
}

@Entity()
class One extends Base {
  @Column()
  name: string;

  @ManyToOne(() => Two, { nullable: true })
  owner: Relation<Two> | null;
}

@Entity()
class Two extends Base {}

@ViewEntity({ expression: 'SELECT name FROM one' })
class Names {
  @ViewColumn()
  name: string;
}

class Unknown extends Base {}

describe('SourceRegistry', () => {
  let dataSource: DataSource;
  let registry: SourceRegistry;

  beforeAll(async () => {
    const entities = [One, Two, Names];
    dataSource = await new DataSource({
      type: 'better-sqlite3',
      driver: libsql,
      database: ':memory:',
      entities,
    }).initialize();
  });
  afterAll(() => dataSource.destroy());
  beforeEach(() => {
    registry = new SourceRegistry(dataSource);
  });

  const add = (instance: object, method: string) => {
    for (const metadata of sourceMetadataOf(Object.getPrototypeOf(instance) as object, method)) {
      registry.add(instance, method, metadata);
    }
  };
  const names = (entity: Function) => registry.of(dataSource.getMetadata(entity)).map(({ name }) => name);

  it('finds the sources of a class by entity, base class and stacked decorators', () => {
    class Sources {
      @ModelEventSource(One)
      one(_: One) {}

      @ModelEventSource(Base, { name: 'bases' })
      base(_: Base) {}

      @ModelEventSource(One)
      @ModelEventSource(Two)
      both(_: One | Two) {}
    }
    for (const method of ['one', 'base', 'both']) add(new Sources(), method);
    expect(names(One)).toEqual(['Sources.one', 'bases', 'Sources.both']);
    expect(names(Two)).toEqual(['bases', 'Sources.both']);
  });

  it('reads the decorators from the topmost down, and none from an undecorated method', () => {
    class Sources {
      @ModelEventSource(One, { name: 'top' })
      @ModelEventSource(Two)
      both(_: Base) {}

      none() {}
    }
    expect(sourceMetadataOf(Sources.prototype, 'both').map(({ entity }) => entity)).toEqual([One, Two]);
    expect(sourceMetadataOf(Sources.prototype, 'none')).toEqual([]);
    expect(sourceMetadataOf(Sources.prototype, 'missing')).toEqual([]);
  });

  it('calls the method on its instance', () => {
    class Sources {
      prefix = 'p';

      @ModelEventSource(One)
      one(one: One) {
        return [{ group: this.prefix, key: one.name }];
      }
    }
    add(new Sources(), 'one');
    const row = Object.assign(new One(), { name: 'k' });
    expect(registry.all()[0]!.run(row, undefined as never)).toEqual([{ group: 'p', key: 'k' }]);
  });

  it('refuses two sources of one name', () => {
    class Sources {
      @ModelEventSource(One, { name: 'same' })
      one(_: One) {}

      @ModelEventSource(Two, { name: 'same' })
      two(_: Two) {}
    }
    add(new Sources(), 'one');
    const error = { code: 'DUPLICATE_SOURCE', source: 'same', first: 'Sources.one', second: 'Sources.two' };
    expect(() => add(new Sources(), 'two')).toThrow(expect.objectContaining(error));
    expect(() => add(new Sources(), 'one')).toThrow(expect.objectContaining({ code: 'DUPLICATE_SOURCE' }));
  });

  it.each<[string, object, object]>([
    ['an unknown option', { colums: [] }, { code: 'UNKNOWN_OPTION', suggestion: 'columns' }],
    ['an unknown re-scan option', { rescan: { wher: {} } }, { code: 'UNKNOWN_OPTION', suggestion: 'where' }],
    ['an unknown reason', { on: ['delete'] }, { code: 'INVALID_OPTION', option: 'on' }],
    ['no reason', { on: [] }, { code: 'INVALID_OPTION', option: 'on' }],
    ['an empty name', { name: '' }, { code: 'INVALID_OPTION', option: 'name' }],
    ['a column that is none', { columns: ['nam'] }, { code: 'INVALID_OPTION', option: 'columns' }],
    [
      'a relation that is none',
      { relations: { ownr: true } },
      { code: 'INVALID_OPTION', option: 'relations', actual: '"ownr" (did you mean "owner"?)' },
    ],
    [
      'a relation of a relation that is none',
      { relations: { owner: { dogs: true } } },
      { code: 'INVALID_OPTION', option: 'relations', actual: '"owner.dogs"' },
    ],
    [
      'a relation of a re-scan that is none',
      { rescan: { relations: { ownr: true } } },
      { code: 'INVALID_OPTION', option: 'rescan.relations' },
    ],
    ['relations that are none', { relations: 'owner' }, { code: 'INVALID_OPTION', option: 'relations' }],
    [
      'relations said twice',
      { relations: { owner: true }, rescan: { relations: { owner: true } } },
      { code: 'INVALID_OPTION', option: 'rescan.relations' },
    ],
    [
      'relations of a removed row',
      { on: ['insert', 'remove'], relations: { owner: true } },
      { code: 'INVALID_OPTION', option: 'relations' },
    ],
    [
      'a page of nothing',
      { rescan: { batchSize: 0 } },
      { code: 'INVALID_OPTION', option: 'rescan.batchSize' },
    ],
  ])('refuses %s, naming class and method', (_, options, error) => {
    class Sources {
      one() {}
    }
    const place = { where: expect.stringContaining('@ModelEventSource of Sources.one') };
    expect(() => registry.add(new Sources(), 'one', { entity: One, options })).toThrow(
      expect.objectContaining({ ...error, ...place }),
    );
    expect(registry.all()).toEqual([]);
  });

  it('refuses a class that is no entity of the DataSource, and one without a primary key', () => {
    class Sources {
      one() {}
    }
    const adding = (entity: Function) => () =>
      registry.add(new Sources(), 'one', { entity, options: {} } as never);
    expect(adding(Unknown)).toThrow(expect.objectContaining({ code: 'UNKNOWN_ENTITY', entity: 'Unknown' }));
    expect(adding(Names)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION', option: 'the entity' }));
  });
});
