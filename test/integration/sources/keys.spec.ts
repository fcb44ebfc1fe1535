import { Column, Entity, JoinColumn, OneToOne, PrimaryColumn, type Relation } from 'typeorm';
import { type DatabaseUnderTest, describeEachDatabase } from '../../support/databases.js';
import { Code, codeTransformer } from './code.js';
import { SourceBench } from './source-bench.js';

abstract class ReadAgain {
  @Column({ type: 'simple-json' })
  content: unknown;
}

@Entity()
class Coded extends ReadAgain {
  @PrimaryColumn({ type: 'varchar', length: 20, transformer: codeTransformer })
  code: Code;
}

@Entity()
class Pair extends ReadAgain {
  @PrimaryColumn({ type: 'varchar', length: 20, transformer: codeTransformer })
  first: Code;

  @PrimaryColumn({ type: 'varchar', length: 20, transformer: codeTransformer })
  second: Code;
}

@Entity()
class Numbered extends ReadAgain {
  @PrimaryColumn({ type: 'decimal', precision: 10, scale: 2 })
  id: string | number;
}

@Entity()
class Extension extends ReadAgain {
  @PrimaryColumn({ type: 'decimal', precision: 10, scale: 2 })
  id: string | number;

  @OneToOne(() => Numbered)
  @JoinColumn({ name: 'id' })
  of: Relation<Numbered>;
}

@Entity()
class Dated extends ReadAgain {
  @PrimaryColumn({ precision: 6 })
  at: Date;
}

@Entity()
class Defaulted extends ReadAgain {
  @PrimaryColumn({ precision: 6, default: () => 'now()' })
  at: Date;
}

let salt = 0;

/** Its key is written as something else each time. */
@Entity()
class Salted extends ReadAgain {
  @PrimaryColumn({
    type: 'varchar',
    length: 20,
    transformer: { to: (code: string) => `${code}${++salt}`, from: (code: string) => code },
  })
  code: string;
}

const ENTITIES = [Coded, Pair, Numbered, Extension, Dated, Salted];

/** A Date in it is stored as text, so that what was saved is not the row. */
const readAgain = (name: string) => ({ name, since: new Date(0) });

/** TypeORM has another name for such columns on each database. */
function paddedEntity(db: DatabaseUnderTest) {
  @Entity()
  class Padded extends ReadAgain {
    @PrimaryColumn({ type: db.name === 'sqlite' ? 'character' : 'char', length: 6 })
    code: string;
  }
  return Padded;
}

describeEachDatabase('Rows are told apart by what the database compares', (db) => {
  let bench: SourceBench;
  const Padded = paddedEntity(db);

  beforeAll(async () => {
    const ofPostgres = db.name === 'postgres' ? [Defaulted] : [];
    bench = await SourceBench.open(db, { entities: [...ENTITIES, Padded, ...ofPostgres] });
  });
  afterAll(() => bench.dataSource.destroy());
  beforeEach(() => bench.reset());

  /** The names of the rows that a source saw when these were saved together. */
  const seenOf = async <E extends ReadAgain>(type: new () => E, keys: Partial<E>[]) => {
    const seen = bench.source(type);
    const rows = keys.map((key, index) =>
      Object.assign(new type(), key, { content: readAgain(`row ${index}`) }),
    );
    await bench.dataSource.manager.save(rows);
    return seen.map(({ entity }) => (entity.content as { name: string }).name);
  };

  it('a key whose transformer makes a class without toString', async () => {
    const keys = ['x1', 'x2', 'x3'].map((letters) => ({ code: new Code(letters) }));
    expect(await seenOf(Coded, keys)).toEqual(['row 0', 'row 1', 'row 2']);
  });

  it('a key of two such columns', async () => {
    const keys = ['x1', 'x2', 'x3'].map((letters) => ({ first: new Code('x'), second: new Code(letters) }));
    expect(await seenOf(Pair, keys)).toEqual(['row 0', 'row 1', 'row 2']);
  });

  it('a key that the database pads', async () => {
    expect(await seenOf(Padded, [{ code: 'a' }, { code: 'b' }])).toEqual(['row 0', 'row 1']);
  });

  it('a key that comes back in another form, its own and that of another entity', async () => {
    expect(await seenOf(Numbered, [{ id: 1 }, { id: 2.5 }, { id: '3' }])).toEqual([
      'row 0',
      'row 1',
      'row 2',
    ]);
    expect(await seenOf(Extension, [{ id: 1 }, { id: 2.5 }])).toEqual(['row 0', 'row 1']);
  });

  it('a key with a finer grain than a Date that is written as a Date', async () => {
    expect(await seenOf(Dated, [{ at: new Date(1) }, { at: new Date(2) }])).toEqual(['row 0', 'row 1']);
  });

  it('rows of which the driver gives the same key', async () => {
    if (db.name !== 'sqlite')
      await bench.dataSource.query(
        `INSERT INTO dated (at, content) VALUES ('2026-01-01 00:00:00.001500', '{"name":"other"}')`,
      );
    const at = new Date('2026-01-01T00:00:00.001Z');
    expect(await seenOf(Dated, [{ at }])).toEqual(['row 0']);
  });

  it('a row that is not found again is told of once, and a re-scan is requested', async () => {
    expect(await seenOf(Salted, [{ code: 'a' }, { code: 'b' }])).toEqual([]);
    expect(bench.state.requested).toMatchObject([{ entity: 'Salted', inTransaction: true }]);
    expect(bench.logger.of('warn')).toEqual([expect.stringContaining('A row of Salted was not found')]);
  });

  it('a row that is not found again passes by a source that is not on its write without a word', async () => {
    bench.source(Salted, { on: ['remove'] });
    await bench.dataSource.manager.save(Object.assign(new Salted(), { code: 'c', content: readAgain('c') }));
    expect(bench.state.requested).toEqual([]);
    expect(bench.logger.of('warn')).toEqual([]);
  });

  if (db.name === 'postgres')
    it('a key with microseconds by default: a re-scan is requested', async () => {
      const { manager } = bench.dataSource;
      const seen = bench.source(Defaulted);
      for (let turn = 0; turn < 3; turn++)
        await manager.save(Object.assign(new Defaulted(), { content: readAgain(`row ${turn}`) }));
      expect(seen.length + bench.state.requested.length).toBe(3);
      expect(bench.state.requested.length).toBeGreaterThan(0);
    });
});
