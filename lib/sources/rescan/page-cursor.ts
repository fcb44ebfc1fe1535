import type { EntityMetadata, ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { dialectOf } from '../../store/db/dialects.js';

/** The values of a primary key, in the form in which the database compares them with its columns. */
export type Cursor = readonly (string | number)[];

/** Under which a raw row has them. */
export type CursorNames = readonly string[];

export function encodeCursor(cursor: Cursor): string {
  return JSON.stringify(cursor);
}

/** Undefined when the text is no cursor for this key: it was stored before the key changed. */
export function decodeCursor(text: string, metadata: EntityMetadata): Cursor | undefined {
  try {
    const values = JSON.parse(text) as unknown;
    return Array.isArray(values) && values.length === metadata.primaryColumns.length
      ? (values as Cursor)
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Selects the key alone. Times are selected as text on the databases whose drivers would cut their microseconds off: a
 * scan that starts behind a shortened time meets the same row again.
 */
export function selectCursor(
  query: SelectQueryBuilder<ObjectLiteral>,
  metadata: EntityMetadata,
): CursorNames {
  query.select([]);
  return metadata.primaryColumns.map((column, index) => addColumn(query, column, index));
}

/** Selects the cursor beside the entity, whose own columns serve where they are comparable. */
export function addCursor(query: SelectQueryBuilder<ObjectLiteral>, metadata: EntityMetadata): CursorNames {
  return metadata.primaryColumns.map(
    (column, index) => ownName(query, column) ?? addColumn(query, column, index),
  );
}

/** In brackets, or TypeORM would take it for that column of the entity. */
function addColumn(query: SelectQueryBuilder<ObjectLiteral>, column: ColumnMetadata, index: number): string {
  const name = `k${index}`;
  query.addSelect(`(${asComparable(query, column)})`, name);
  return name;
}

/** Under which TypeORM selects the column of the entity; longer names it makes into hashes. */
function ownName(query: SelectQueryBuilder<ObjectLiteral>, column: ColumnMetadata): string | undefined {
  const name = `${query.alias}_${column.databaseName}`;
  const { maxAliasLength = Infinity } = query.connection.driver;
  const isAsItIs = column.isSelect && asComparable(query, column) === columnPath(query, column);
  return isAsItIs && name.length <= maxAliasLength ? name : undefined;
}

function asComparable(query: SelectQueryBuilder<ObjectLiteral>, column: ColumnMetadata): string {
  const path = columnPath(query, column);
  const type = typeof column.type === 'function' ? column.type.name.toLowerCase() : column.type;
  if (!/^(date|time)/.test(type)) return path;
  return dialectOf(query.connection).columns.exactTime?.(path) ?? path;
}

export function cursorOf(raw: ObjectLiteral, names: CursorNames): Cursor {
  return names.map((name) => raw[name] as string | number);
}

export function orderByKey(query: SelectQueryBuilder<ObjectLiteral>, metadata: EntityMetadata): void {
  for (const column of metadata.primaryColumns) query.addOrderBy(columnPath(query, column));
}

/** `after` excluded, `upTo` included, in the order of the key. */
export function betweenKeys(
  query: SelectQueryBuilder<ObjectLiteral>,
  metadata: EntityMetadata,
  after: Cursor | undefined,
  upTo: Cursor | undefined,
): void {
  if (after) bound(query, metadata, '>', after, 'after');
  if (upTo) bound(query, metadata, '<=', upTo, 'upTo');
}

/**
 * `(a > :a) OR (a = :a AND b > :b)`, with `a >= :a` before it: only with that do the databases find the range in the
 * index of a key of several columns.
 */
function bound(
  query: SelectQueryBuilder<ObjectLiteral>,
  metadata: EntityMetadata,
  operator: '>' | '<=',
  cursor: Cursor,
  name: string,
): void {
  const paths = metadata.primaryColumns.map((column) => columnPath(query, column));
  const strict = operator === '>' ? '>' : '<';
  const alternatives = paths.map((path, index) => {
    const equal = paths.slice(0, index).map((before, at) => `${before} = :${name}${at}`);
    return [...equal, `${path} ${index === paths.length - 1 ? operator : strict} :${name}${index}`].join(
      ' AND ',
    );
  });
  query.andWhere(`(${alternatives.map((one) => `(${one})`).join(' OR ')})`);
  if (paths.length > 1) query.andWhere(`${paths[0]} ${strict}= :${name}0`);
  cursor.forEach((value, index) => query.setParameter(`${name}${index}`, value));
}

function columnPath(query: SelectQueryBuilder<ObjectLiteral>, column: ColumnMetadata): string {
  return `${query.alias}.${column.propertyPath}`;
}
