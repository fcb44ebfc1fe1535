import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';

/** Whether a value that is not null is what `find` would give for it. */
export type StoredForm = (value: unknown) => boolean;

/** What a check depends on beside the type. */
interface Facts {
  precision: number | undefined;
  scale: number | undefined;
  length: number;
  sqlite: boolean;
  postgres: boolean;
}

const isString: StoredForm = (value) => typeof value === 'string';
const isNumber: StoredForm = (value) => typeof value === 'number';
const matches =
  (pattern: RegExp): StoredForm =>
  (value) =>
    typeof value === 'string' && pattern.test(value);

const FAMILIES: [types: string[], form: (facts: Facts) => StoredForm][] = [
  [['boolean', 'bool'], () => (value) => typeof value === 'boolean'],
  [['number', 'int', 'integer', 'smallint', 'mediumint', 'int2', 'int4'], () => Number.isSafeInteger],
  [['float', 'double', 'double precision', 'real', 'float4', 'float8'], () => isNumber],
  [['bigint', 'int8'], ({ sqlite }) => (sqlite ? isNumber : matches(/^(0|-?[1-9]\d*)$/))],
  [['decimal', 'numeric', 'dec', 'fixed'], decimal],
  [
    ['string', 'varchar', 'character varying', 'text', 'mediumtext', 'longtext', 'citext', 'nvarchar'],
    () => isString,
  ],
  [
    ['char', 'character'],
    ({ length }) =>
      (value) =>
        isString(value) && (value as string).length === length,
  ],
  [['uuid'], ({ postgres }) => (postgres ? matches(/^[0-9a-f-]{36}$/) : isString)],
  [['date_only'], () => matches(/^\d{4}-\d\d-\d\d$/)],
  [['time', 'time without time zone'], () => matches(/^\d\d:\d\d:\d\d$/)],
  [['date', 'datetime', 'timestamp', 'timestamptz'], instant],
  [['timestamp without time zone', 'timestamp with time zone'], instant],
  [['json', 'jsonb', 'simple-json'], () => isPlainJson],
  [['simple-array'], () => (value) => Array.isArray(value) && value.every(matches(/^[^,]*$/))],
];

/**
 * TypeORM leaves the saved object as the application wrote it: a number for a decimal column stays a number, though
 * `find` gives a string. The check says so per column, cheaply; undefined where the type is not known to differ, or
 * where a transformer stands between.
 */
export function storedForm(column: ColumnMetadata, database: string): StoredForm | undefined {
  if (column.transformer || column.isGenerated) return undefined;
  const family = FAMILIES.find(([types]) => types.includes(typeName(column)));
  const form = family?.[1](facts(column, database));
  if (!form || !column.isArray) return form;
  return (value) => Array.isArray(value) && value.every((item) => item === null || form(item));
}

/** Lower-case; the class `Date` (an instant) and the column type `date` (a day) must not fall together. */
function typeName({ type }: ColumnMetadata): string {
  if (type === 'date') return 'date_only';
  return (typeof type === 'function' ? type.name : type).toLowerCase();
}

function facts(column: ColumnMetadata, database: string): Facts {
  const sqlite = database.includes('sqlite') || database === 'sqljs';
  const mysql = database === 'mysql' || database === 'mariadb';
  return {
    precision: sqlite ? undefined : (column.precision ?? (mysql ? 0 : undefined)),
    scale: column.scale ?? (mysql ? 0 : undefined),
    length: Number(column.length || 1),
    sqlite,
    postgres: database === 'postgres',
  };
}

/** Strings with as many decimals as the column has, numbers on SQLite. */
function decimal({ scale, sqlite }: Facts): StoredForm {
  if (sqlite) return isNumber;
  if (scale === undefined) return matches(/^-?(0|[1-9]\d*)(\.\d+)?$/);
  return matches(new RegExp(`^-?(0|[1-9]\\d*)${scale > 0 ? `\\.\\d{${scale}}` : ''}$`));
}

/** A Date without a fraction that the column would round. */
function instant({ precision }: Facts): StoredForm {
  const step = 10 ** Math.max(0, 3 - (precision ?? 3));
  return (value) => value instanceof Date && value.getTime() % step === 0;
}

function isPlainJson(value: unknown): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object') return false;
  if (Array.isArray(value)) return value.every(isPlainJson);
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && Object.values(value).every(isPlainJson);
}
