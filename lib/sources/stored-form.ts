import type { DataSourceOptions } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { cachesAlways } from '../store/typeorm/fresh.js';
import { fromStored, toStored } from '../store/typeorm/transformers.js';
import { type ColumnForms, type StoredForm, typeName } from '../store/ports/column-forms.js';

/** Options with which drivers hand out other values than by default, each with its default. */
const CONVERTING: Readonly<Record<string, unknown>> = {
  bigNumberStrings: true,
  dateStrings: false,
  decimalNumbers: false,
  parseInt8: false,
  supportBigNumbers: true,
  timezone: 'local',
  typeCast: true,
  types: undefined,
  useUTC: undefined,
};

/**
 * Whether a value of this column is for certain what `find` gives. TypeORM leaves the saved object as the application wrote
 * it: a number for a decimal column stays a number, though `find` gives a string. Trusted is what is known to come back as
 * it was given, and nothing else: the rest is read again. Nor is what TypeORM itself may have read from a cache.
 */
export function storedForm(
  column: ColumnMetadata,
  { faithful }: ColumnForms,
  options: DataSourceOptions,
): StoredForm {
  const isTrusted = !converts(options) && !cachesAlways(options);
  const form = !isTrusted ? undefined : faithful.get(typeName(column))?.(column);
  if (!form) return () => false;
  const whole = column.isArray ? items(form) : form;
  return column.transformer ? transformed(column, whole) : orNull(column, whole);
}

function converts(options: DataSourceOptions): boolean {
  const given = { ...(options.extra as object | undefined), ...options } as Record<string, unknown>;
  return Object.entries(CONVERTING).some(
    ([name, usual]) => given[name] !== undefined && given[name] !== usual,
  );
}

function items(form: StoredForm): StoredForm {
  return (value) => Array.isArray(value) && value.every((item) => item === null || form(item));
}

/** A column that takes no null makes something else of it. */
function orNull({ isNullable }: ColumnMetadata, form: StoredForm): StoredForm {
  return (value) => (value === null ? isNullable : form(value));
}

/** What the transformers bring back must be the value itself; of objects nobody knows. */
function transformed(column: ColumnMetadata, form: StoredForm): StoredForm {
  return (value) => {
    if (typeof value === 'object' && value !== null) return false;
    const stored = toStored(column, value);
    return orNull(column, form)(stored) && Object.is(fromStored(column, stored), value);
  };
}
