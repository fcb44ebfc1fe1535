import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { storedForm } from '../../../lib/sources/stored-form.js';

const isStored = (column: Partial<ColumnMetadata>, value: unknown, database = 'postgres') =>
  storedForm({ length: '', isArray: false, ...column } as ColumnMetadata, database)?.(value);

describe('storedForm', () => {
  it.each<[Partial<ColumnMetadata>, yes: unknown[], no: unknown[]]>([
    [{ type: Boolean }, [true], [1, 'true']],
    [{ type: Number }, [1, -3], ['1', 1.5, Number.NaN]],
    [{ type: 'double precision' }, [1.5], ['1.5']],
    [{ type: 'bigint' }, ['12', '-3', '0'], [12, 12n, '012']],
    [{ type: 'decimal', scale: 2 }, ['1.50', '-0.25'], ['1.5', 1.5, '01.50', '1']],
    [{ type: 'numeric' }, ['1.5', '12'], [1.5, '1e3']],
    [{ type: 'decimal', scale: 0 }, ['12'], ['12.0']],
    [{ type: String }, ['x', ''], [1]],
    [{ type: 'char', length: '3' }, ['abc'], ['ab']],
    [{ type: 'uuid' }, ['0f8fad5b-d9cb-469f-a165-70867728950e'], ['0F8FAD5B-D9CB-469F-A165-70867728950E', 1]],
    [{ type: 'date' }, ['2026-01-02'], [new Date(), '2026-1-2', '2026-01-02T00:00:00Z']],
    [{ type: 'time' }, ['10:00:00'], ['10:00', new Date()]],
    [{ type: Date }, [new Date(1)], ['2026-01-02', new Date(Number.NaN), 0]],
    [{ type: 'timestamptz', precision: 0 }, [new Date(1000)], [new Date(1001)]],
    [
      { type: 'jsonb' },
      [{ a: [1, null, 'x', true, {}] }],
      [{ a: new Date() }, { a: undefined }, [Number.NaN], { a: 1n }],
    ],
    [{ type: 'simple-array' }, [['a', 'b']], ['a,b', ['a,b'], [1]]],
    [{ type: 'int', isArray: true }, [[1, 2], [null]], [['1'], 1]],
  ])('%p', (column, yes, no) => {
    for (const value of yes) expect([value, isStored(column, value)]).toEqual([value, true]);
    for (const value of no) expect([value, isStored(column, value)]).toEqual([value, false]);
  });

  it('knows what the databases do differently', () => {
    expect(isStored({ type: 'decimal', scale: 2 }, 1.5, 'better-sqlite3')).toBe(true);
    expect(isStored({ type: 'decimal', scale: 2 }, '1.50', 'better-sqlite3')).toBe(false);
    expect(isStored({ type: 'bigint' }, 12, 'better-sqlite3')).toBe(true);
    expect(isStored({ type: 'datetime' }, new Date(1), 'mariadb')).toBe(false);
    expect(isStored({ type: 'datetime', precision: 3 }, new Date(1), 'mariadb')).toBe(true);
    expect(isStored({ type: 'datetime', precision: 0 }, new Date(1), 'better-sqlite3')).toBe(true);
  });

  it('has no opinion behind a transformer, of generated values and of other types', () => {
    const transformer = { to: (value: unknown) => value, from: (value: unknown) => value };
    expect(storedForm({ type: 'date', transformer } as ColumnMetadata, 'postgres')).toBeUndefined();
    expect(storedForm({ type: 'bigint', isGenerated: true } as ColumnMetadata, 'postgres')).toBeUndefined();
    expect(storedForm({ type: 'tsvector' } as ColumnMetadata, 'postgres')).toBeUndefined();
  });
});
