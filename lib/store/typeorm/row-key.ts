import type { EntityMetadata, ObjectLiteral } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';

/** The values of a primary key as the database is given them, in the order of its columns. */
export type RowKey = readonly unknown[];

/** The key of an entity, or of a map with its key. */
export function rowKey(metadata: EntityMetadata, entity: ObjectLiteral): RowKey {
  return keyOf(metadata, (column): unknown => column.getEntityValue(entity));
}

/** The key of what a class has in its key's columns. */
export function keyOf(metadata: EntityMetadata, valueOf: (column: ColumnMetadata) => unknown): RowKey {
  const { driver } = metadata.dataSource;
  return metadata.primaryColumns.map((column): unknown =>
    driver.preparePersistentValue(valueOf(column), column),
  );
}

/**
 * The key as text: two equal ones are the same key, but the same key may have two texts, as the application wrote it and
 * as it is stored. Undefined for values of which only the database knows when they are equal.
 */
export function keyText({ primaryColumns }: EntityMetadata, key: RowKey): string | undefined {
  const parts = key.map((value, index) => partText(value, primaryColumns[index]!));
  return parts.includes(undefined) ? undefined : JSON.stringify(parts);
}

function partText(value: unknown, { type }: ColumnMetadata): string | undefined {
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (typeof value === 'object' || typeof value === 'function') return undefined;
  return type === 'uuid' ? String(value).toLowerCase() : String(value);
}
