import libsql from 'libsql';
import { EntityWithoutIdError, InvalidOptionError, tagOf } from 'nestjs-once';
import {
  ChildEntity,
  Column,
  DataSource,
  Entity,
  EntitySchema,
  PrimaryColumn,
  TableInheritance,
} from 'typeorm';
import { entityTag } from '../../../../lib/store/typeorm/entity-tag.js';

abstract class Base {
  @PrimaryColumn()
  id: number;
}

@Entity()
@TableInheritance({ column: { name: 'kind', type: 'varchar' } })
class Challenge extends Base {
  @Column()
  title: string;
}

@ChildEntity()
class Run extends Challenge {}

@Entity('seats')
class Seat {
  @PrimaryColumn()
  row: string;
  @PrimaryColumn()
  number: number;
}

class Isbn {
  constructor(readonly digits: string) {}
}

@Entity()
class Book {
  @PrimaryColumn({
    type: 'varchar',
    transformer: { to: (isbn?: Isbn) => isbn?.digits, from: (digits: string) => new Isbn(digits) },
  })
  isbn: Isbn;
}

@Entity()
class Day {
  @PrimaryColumn()
  at: Date;
}

class Plain {
  id: string;
}
const plain = new EntitySchema<Plain>({
  name: 'Plain',
  target: Plain,
  columns: { id: { type: 'varchar', primary: true } },
});

const make = <T extends object>(type: new () => T, values: Partial<T>) => Object.assign(new type(), values);

describe('tagOf', () => {
  const dataSource = new DataSource({
    type: 'better-sqlite3',
    driver: libsql,
    database: ':memory:',
    entities: [Challenge, Run, Seat, Book, Day, plain],
  });

  beforeAll(() => dataSource.initialize());
  afterAll(() => dataSource.destroy());

  it.each([
    ['a number', make(Challenge, { id: 17 }), 'Challenge:17'],
    ['a number of a bigint column', make(Challenge, { id: '17' as never }), 'Challenge:17'],
    ['a subclass', make(Run, { id: 3 }), 'Run:3'],
    ['two columns, by name', make(Seat, { row: 'A:"', number: 4 }), 'Seat:[4,"A:\\""]'],
    ['a value that a transformer makes', make(Book, { isbn: new Isbn('978') }), 'Book:978'],
    ['a time', make(Day, { at: new Date(0) }), 'Day:1970-01-01T00:00:00.000Z'],
  ])('is made of class and primary key, with its DataSource or without: %s', (_, entity, tag) => {
    expect(tagOf(entity)).toBe(tag);
    expect(tagOf(entity, dataSource)).toBe(tag);
    expect(entityTag(dataSource.getMetadata(entity.constructor), entity)).toBe(tag);
  });

  it('is made of class and id', () => {
    expect(tagOf(Challenge, 17)).toBe('Challenge:17');
    expect(tagOf(Seat, { number: 4, row: 'A' })).toBe('Seat:[4,"A"]');
    expect(tagOf(Day, new Date(0))).toBe('Day:1970-01-01T00:00:00.000Z');
  });

  it('is one for a UUID in capitals and in small letters', () => {
    const id = 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11';
    expect(tagOf(make(Plain, { id }), dataSource)).toBe(`Plain:${id.toLowerCase()}`);
  });

  it('is a hash where it would be none', () => {
    const tags = ['x'.repeat(300), 'y'.repeat(300), 'a\0b'].map((id) =>
      tagOf(make(Plain, { id }), dataSource),
    );
    for (const tag of tags) expect(tag).toMatch(/^Plain:[0-9a-f]{64}$/);
    expect(new Set(tags).size).toBe(3);
  });

  it('refuses an entity without an id, and what is no entity', () => {
    expect(() => tagOf(new Challenge())).toThrow(EntityWithoutIdError);
    expect(() => tagOf(Challenge, undefined)).toThrow(EntityWithoutIdError);
    expect(() => tagOf(make(Plain, { id: 'a' }))).toThrow(InvalidOptionError);
    expect(() => tagOf({ id: 1 })).toThrow(/DataSource/);
  });
});
