import type { DataSourceOptions } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { storedForm } from '../../../lib/sources/stored-form.js';
import { mysql } from '../../../lib/store/dialects/mysql/dialect.js';
import { postgres } from '../../../lib/store/dialects/postgres/dialect.js';
import { sqlite } from '../../../lib/store/dialects/sqlite/dialect.js';

const DIALECTS = { postgres, mysql, mariadb: mysql, 'better-sqlite3': sqlite };

const isStored = (
  column: Partial<ColumnMetadata>,
  value: unknown,
  options: { type: string } = { type: 'postgres' },
) =>
  storedForm(
    { length: '', isArray: false, isNullable: true, ...column } as ColumnMetadata,
    DIALECTS[options.type as keyof typeof DIALECTS].columns,
    options as DataSourceOptions,
  )(value);

describe('storedForm', () => {
  it.each<[Partial<ColumnMetadata>, yes: unknown[], no: unknown[]]>([
    [{ type: Boolean }, [true, null], [1, 'true']],
    [{ type: Number }, [1, -3], ['1', 1.5, Number.NaN, -0, 2 ** 31]],
    [{ type: 'double precision' }, [1.5], ['1.5', -0, Infinity]],
    [{ type: 'bigint' }, ['12', '-3', '0'], [12, 12n, '012', '-0']],
    [{ type: 'decimal', scale: 2 }, ['1.50', '-0.25'], ['1.5', 1.5, '01.50', '1', '-0.00']],
    [{ type: 'numeric' }, ['1.5', '12'], [1.5, '1e3']],
    [{ type: 'numeric', precision: 4 }, ['12'], ['1.5']],
    [{ type: 'decimal', scale: 0 }, ['12'], ['12.0']],
    [{ type: String }, ['x', ''], [1, 'half \ud800', 'nul \0']],
    [{ type: 'varchar', length: '3' }, ['abc'], ['abc ']],
    [{ type: 'char', length: '3' }, ['abc'], ['ab']],
    [{ type: 'uuid' }, ['0f8fad5b-d9cb-469f-a165-70867728950e'], ['0F8FAD5B-D9CB-469F-A165-70867728950E', 1]],
    [
      { type: 'uuid', isGenerated: true },
      ['0f8fad5b-d9cb-469f-a165-70867728950e'],
      ['0F8FAD5B-D9CB-469F-A165-70867728950E'],
    ],
    [{ type: 'bytea' }, [Buffer.from('x')], [new Uint8Array(1), 'x']],
    [{ type: 'date' }, ['2026-01-02'], [new Date(), '2026-1-2', '2026-01-02T00:00:00Z']],
    [{ type: 'time' }, ['10:00:00'], ['10:00', new Date()]],
    [{ type: Date }, [new Date(1)], ['2026-01-02', new Date(Number.NaN), 0, new Date(-1e14)]],
    [{ type: 'timestamptz', precision: 0 }, [new Date(1000)], [new Date(1001)]],
    [
      { type: 'json' },
      [{ a: [1, null, 'x', true, {}], b: 1 }],
      [{ a: new Date() }, { a: undefined }, [Number.NaN], { a: 1n }, { a: -0 }, new Array(1)],
    ],
    [{ type: 'jsonb' }, [{ a: 1 }, [1, 2]], [{ b: 1, a: 1 }]],
    [{ type: 'simple-array' }, [['a', 'b'], []], ['a,b', ['a,b'], [1], ['']]],
    [{ type: 'enum', enum: ['a', 'b'] }, ['a'], ['c', 1]],
    [{ type: 'enum', enum: [1, 2] }, [], [1, '1']],
    [{ type: 'int', isArray: true }, [[1, 2], [null]], [['1'], 1]],
    [{ type: 'int', isNullable: false }, [1], [null]],
  ])('trusts what comes back as it was given in a column %j', (column, yes, no) => {
    for (const value of yes) expect([value, isStored(column, value)]).toEqual([value, true]);
    for (const value of no) expect([value, isStored(column, value)]).toEqual([value, false]);
  });

  it.each(['money', 'interval', 'inet', 'macaddr', 'point', 'tsvector', 'int4range', 'real', 'not known'])(
    'does not trust a column of type %s',
    (type) => {
      expect(isStored({ type: type as ColumnMetadata['type'] }, '1')).toBe(false);
      expect(isStored({ type: type as ColumnMetadata['type'] }, 1)).toBe(false);
    },
  );

  it('knows what the databases do differently', () => {
    const sqlite = { type: 'better-sqlite3' };
    const mariadb = { type: 'mariadb' };
    expect(isStored({ type: 'decimal', scale: 2 }, 1.5, sqlite)).toBe(true);
    expect(isStored({ type: 'decimal', scale: 2 }, '1.50', sqlite)).toBe(false);
    expect(isStored({ type: 'bigint' }, 12, sqlite)).toBe(true);
    expect(isStored({ type: 'datetime' }, new Date(1), mariadb)).toBe(false);
    expect(isStored({ type: 'datetime', precision: 3 }, new Date(1), mariadb)).toBe(true);
    expect(isStored({ type: 'datetime', precision: 0 }, new Date(1), sqlite)).toBe(true);
    expect(isStored({ type: 'tinyint' }, true, mariadb)).toBe(false);
    expect(isStored({ type: 'json' }, '1', mariadb)).toBe(false);
    expect(isStored({ type: 'varchar', length: '5', charset: 'latin1' }, 'a', mariadb)).toBe(false);
  });

  it.each([
    { type: 'postgres', parseInt8: true },
    { type: 'mysql', dateStrings: true },
    { type: 'mysql', timezone: 'Z' },
    { type: 'mysql', bigNumberStrings: false },
    { type: 'mariadb', extra: { typeCast: () => 1 } },
    { type: 'mariadb', extra: { decimalNumbers: true } },
  ])('trusts nothing where the driver converts: %j', (options) => {
    expect(isStored({ type: Number }, 1, options)).toBe(false);
  });

  it('trusts options of the driver that say what it does by default', () => {
    const options = { type: 'mysql', timezone: 'local', bigNumberStrings: true, dateStrings: false };
    expect(isStored({ type: Number }, 1, options)).toBe(true);
  });

  it('trusts a value behind a transformer that brings back the value itself', () => {
    const lower = { to: (value: string) => value.toLowerCase(), from: (value: string) => value };
    expect(isStored({ type: String, transformer: lower }, 'a')).toBe(true);
    expect(isStored({ type: String, transformer: lower }, 'A')).toBe(false);
    const none = { to: (value: unknown) => value, from: (value: unknown) => value ?? 'none' };
    expect(isStored({ type: String, transformer: none }, null)).toBe(false);
    const text = { to: (value: number) => String(value), from: (value: string) => Number(value) };
    expect(isStored({ type: 'bigint', transformer: [text] }, 5)).toBe(true);
    expect(isStored({ type: 'bigint', transformer: [text] }, 5.5)).toBe(false);
    expect(isStored({ type: 'json', transformer: none }, {})).toBe(false);
  });
});
