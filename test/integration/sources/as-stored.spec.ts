import { Column, type ColumnOptions, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { type DatabaseUnderTest, describeEachDatabase } from '../../support/databases.js';
import { Code, codeTransformer } from './code.js';
import { type Seen, SourceBench } from './source-bench.js';

type Sample = [column: ColumnOptions, ...values: unknown[]];

const lowerCase = { to: (value: string | null) => value?.toLowerCase(), from: (value: string) => value };

const EVERYWHERE: Sample[] = [
  [{ type: Number }, 1, -0, '1'],
  [{ type: Boolean }, true, 1],
  [{ type: String }, 'x', ' x ', 5],
  [{ type: 'varchar', transformer: lowerCase }, 'x', 'X'],
  [{ type: 'varchar', transformer: codeTransformer }, new Code('x')],
  [{ type: 'date' }, '2026-02-03', new Date(2026, 1, 3)],
  [{ type: 'time' }, '10:00:00', '10:00'],
  [{ type: Date, precision: 3 }, new Date(1), new Date('0900-01-01T00:00:00Z')],
  [{ type: 'decimal', precision: 10, scale: 2 }, '1.50', '1.5', 1.5, '-0.00'],
  [{ type: 'bigint' }, '5', 5],
  [{ type: 'float' }, 1.5, 0.1, 16_777_217, 1234567.891],
  [{ type: 'simple-json' }, { b: 1, a: 1 }, { at: new Date(0) }, 'text', '1', [-0]],
  [{ type: 'simple-array' }, ['a', 'b'], [], [''], ['a,b'], [1]],
  [{ type: 'simple-enum', enum: ['on', 'off'] }, 'on'],
  [{ type: 'simple-enum', enum: [1, 2] }, 2],
];

const SERVERS: Sample[] = [
  [{ type: 'varchar' }, 'half \ud800'],
  [{ type: 'char', length: 5 }, 'abc', 'abc  ', 'abcde'],
  [{ type: 'enum', enum: ['on', 'off'] }, 'on'],
  [{ type: 'enum', enum: [10, 20] }, 20],
  [{ type: 'json' }, { b: 1, a: 1 }, ['x', 1], 'text', '1'],
  [{ type: 'double precision' }, 0.1, -0],
];

const MYSQL: Sample[] = [
  [{ type: 'tinyint' }, true, 1],
  [{ type: 'bit' }, true, 1],
  [{ type: 'year' }, 2026, '2026', 26],
  [{ type: 'set', enum: ['a', 'b'] }, ['b', 'a'], ['a']],
  [{ type: 'enum', enum: ['on', 'off'] }, 'ON'],
  [{ type: 'varchar', length: 5 }, 'abc  '],
  [{ type: 'binary', length: 4 }, Buffer.from('ab')],
  [{ type: 'varbinary', length: 4 }, Buffer.from('ab')],
  [{ type: 'longblob' }, Buffer.from('ab'), new Uint8Array([1, 2])],
  [{ type: 'uuid' }, '0F8FAD5B-D9CB-469F-A165-70867728950E'],
  [{ type: 'timestamp' }, new Date(1_000_000_000_001), new Date(1_000_000_000_000)],
  [{ type: 'datetime' }, new Date(1)],
  [{ type: 'double', precision: 5, scale: 1 }, 1.25],
  [{ type: 'int', unsigned: true }, 4_000_000_000],
];

const POSTGRES: Sample[] = [
  [{ type: 'money' }, '12.5', 12],
  [{ type: 'interval' }, '1 day', '90 minutes'],
  [{ type: 'inet' }, '10.0.0.1/32'],
  [{ type: 'macaddr' }, '08-00-2B-01-02-03'],
  [{ type: 'point' }, '(1,2)'],
  [{ type: 'int4range' }, '[1,5]'],
  [{ type: 'tsvector' }, 'the fat cats'],
  [{ type: 'float4' }, 0.1, 16_777_217],
  [{ type: 'real' }, 1234567.891],
  [{ type: 'numeric' }, '1e3', 5, '007'],
  [{ type: 'numeric', precision: 5 }, '5', '5.4'],
  [{ type: 'uuid' }, '0F8FAD5B-D9CB-469F-A165-70867728950E', '{0f8fad5b-d9cb-469f-a165-70867728950e}'],
  [{ type: 'jsonb' }, { b: 1, a: 1 }, { a: 1.0 }],
  [{ type: 'bytea' }, Buffer.from('ab'), new Uint8Array([1, 2])],
  [{ type: 'bit', length: 4 }, '1010'],
  [{ type: 'timetz' }, '10:00:00'],
  [{ type: 'time', precision: 3 }, '10:00:00.5'],
  [{ type: 'timestamptz', precision: 0 }, new Date(501)],
  [{ type: 'timestamp' }, new Date(501)],
  [{ type: 'text', array: true }, ['a', null, 'b,"c'], []],
  [{ type: 'int', array: true }, [1, '2'], [[1], [2]]],
  [{ type: 'enum', enum: ['on', 'off'], array: true }, ['off', 'on']],
  [{ type: 'varchar', length: 3 }, 'abc  '],
  [{ type: 'xml' }, '<a/>'],
];

const SQLITE: Sample[] = [
  [{ type: 'json' }, { b: 1, a: 1 }, 'text'],
  [{ type: 'real' }, 0.1, 5],
  [{ type: 'numeric' }, '1.50'],
];

const SAMPLES = {
  sqlite: [...EVERYWHERE, ...SQLITE],
  postgres: [...EVERYWHERE, ...SERVERS, ...POSTGRES],
  mysql: [...EVERYWHERE, ...SERVERS, ...MYSQL],
};

interface Row {
  id: number;
  value: unknown;
}

/** An entity for each column. */
function entitiesOf(db: DatabaseUnderTest) {
  return SAMPLES[db.dialect].map(([column, ...values], index) => {
    const type = { [`Sample${index}`]: class {} }[`Sample${index}`]! as new () => Row;
    PrimaryGeneratedColumn()(type.prototype as object, 'id');
    Column({ nullable: true, ...column })(type.prototype as object, 'value');
    Entity()(type);
    return { type, title: describeColumn(column), values };
  });
}

function describeColumn({ transformer, ...column }: ColumnOptions): string {
  const shown = { ...column, type: typeof column.type === 'function' ? column.type.name : column.type };
  return JSON.stringify(shown) + (transformer ? ' with a transformer' : '');
}

describeEachDatabase('A source gets what find gives', (db) => {
  let bench: SourceBench;
  const entities = entitiesOf(db);

  beforeAll(async () => {
    bench = await SourceBench.open(db, { entities: entities.map(({ type }) => type) });
  });
  afterAll(() => bench.dataSource.destroy());
  beforeEach(() => bench.reset());

  const expectAsStored = async (type: new () => Row, { entity }: Seen) => {
    const stored = await bench.dataSource.manager.findOneByOrFail(type, { id: entity.id as number });
    expect(entity).toStrictEqual(stored);
    expect(JSON.stringify(entity.value)).toBe(JSON.stringify(stored.value));
  };

  it.each(entities)('of a column $title, inserted and updated', async ({ type, values }) => {
    const { manager } = bench.dataSource;
    const seen = bench.source(type);
    for (const value of values) {
      await manager.save(Object.assign(new type(), { value }));
      const row = await manager.save(new type());
      await manager.save(Object.assign(row, { value }));
    }
    expect(seen).toHaveLength(3 * values.length);
    for (const [turn, one] of seen.entries()) if (turn % 3 !== 1) await expectAsStored(type, one);
  });
});
