import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';

/** Whether a value that is not null is for certain what `find` gives for it. */
export type StoredForm = (value: unknown) => boolean;

/** The form of values of a column; undefined where it is not known. */
export type FormOf = (column: ColumnMetadata) => StoredForm | undefined;

/** PORT: how TypeORM hands out the columns of the application's own tables. */
export interface ColumnForms {
  /**
   * The types that are known to come back as they were given, by `typeName`. A value of any other is read again, so a type
   * is left out where the database has one form for many, rounds, pads or trims in a way that its form cannot tell.
   */
  readonly faithful: ReadonlyMap<string, FormOf>;
  /**
   * SQL of a time as text, where the driver would cut its microseconds off: a scan that starts behind a shortened time
   * meets the same row again. Default: the column itself.
   */
  exactTime?(column: string): string;
}

/** The type as the application wrote it, in lower case: the class `Date` is an instant, the column type `date` a day. */
export function typeName({ type }: Pick<ColumnMetadata, 'type'>): string {
  return typeof type === 'function' ? `class ${type.name}` : type.toLowerCase();
}
