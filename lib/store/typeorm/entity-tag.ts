import { createHash } from 'node:crypto';
import { types } from 'node:util';
import { type DataSource, type EntityMetadata, getMetadataArgsStorage, type ObjectLiteral } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { describe } from '../../core/describe.js';
import { InvalidOptionError } from '../../core/errors.js';
import { nameProblem } from '../../core/event-input.js';
import { toStored } from './transformers.js';
import { EntityWithoutIdError } from './typeorm-entities.js';

type EntityClass = abstract new (...args: never[]) => object;

/** A column of a primary key. */
interface KeyColumn {
  readonly path: string;
  readonly transformer?: ColumnMetadata['transformer'];
  valueOf(entity: object): unknown;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * The tag of an entity, as its model event sources give it to their events: `Challenge:17`, the class and the primary key; of
 * a key with several columns, `Seat:["A",4]`, their values in the order of the columns' names. One that would be too long is
 * a hash of that. Throws `EntityWithoutIdError`, and `InvalidOptionError` for what is no entity of a decorated class: give the
 * DataSource then.
 */
export function tagOf(entity: object, dataSource?: DataSource): string;
/** The tag of the entity of this class and primary key, an object where that has several columns. */
export function tagOf(type: EntityClass, id: unknown): string;
export function tagOf(first: object, second?: unknown): string {
  if (typeof first === 'function') return tagOfKey(first as EntityClass, second);
  if (second !== undefined) return entityTag((second as DataSource).getMetadata(first.constructor), first);
  const type = first.constructor as EntityClass;
  return tagged(type.name, keyColumns(type), first);
}

/** Of entities whose class the DataSource knows: a re-scan asks for the tag of each row. */
const KNOWN = new WeakMap<EntityMetadata, readonly KeyColumn[]>();

/** The tag of an entity whose class the DataSource knows. */
export function entityTag(metadata: EntityMetadata, entity: object): string {
  let columns = KNOWN.get(metadata);
  if (!columns) KNOWN.set(metadata, (columns = inOrder(metadata.primaryColumns.map(keyColumn))));
  return tagged(metadata.name, columns, entity);
}

function keyColumn(column: ColumnMetadata): KeyColumn {
  return {
    path: column.propertyPath,
    transformer: column.transformer,
    valueOf: (entity) => column.getEntityValue(entity) as unknown,
  };
}

function inOrder(columns: readonly KeyColumn[]): readonly KeyColumn[] {
  return [...columns].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function tagOfKey(type: EntityClass, id: unknown): string {
  const columns = keyColumns(type);
  const isMap = typeof id === 'object' && id !== null && !types.isDate(id) && !(id instanceof Uint8Array);
  return tagged(type.name, columns, isMap ? id : { [columns[0]!.path]: id });
}

/** As the decorators of the class and those that it extends say. */
function keyColumns(type: EntityClass): readonly KeyColumn[] {
  const classes: unknown[] = [];
  for (let each: unknown = type; typeof each === 'function'; each = Object.getPrototypeOf(each))
    classes.push(each);
  const found = getMetadataArgsStorage().columns.filter(
    ({ target, options }) => options.primary && classes.includes(target),
  );
  const byName = new Map(found.map(({ propertyName, options }) => [propertyName, options]));
  if (byName.size === 0) {
    const expected = 'an entity of a class whose columns are decorated, or one beside its DataSource';
    throw new InvalidOptionError('entity', expected, describe(type), 'tagOf');
  }
  const columns = [...byName].map(([path, { transformer }]) => ({
    path,
    transformer,
    valueOf: (entity: object) => (entity as ObjectLiteral)[path] as unknown,
  }));
  return inOrder(columns);
}

/** `columns`: in the order of their names. */
function tagged(name: string, columns: readonly KeyColumn[], entity: object): string {
  const parts = columns.map((column) => partOf(name, column, entity));
  const id = parts.length === 1 ? String(parts[0]) : JSON.stringify(parts);
  const tag = `${name}:${id}`;
  return nameProblem(tag) ? `${name.slice(0, 60)}:${createHash('sha256').update(tag).digest('hex')}` : tag;
}

/** As text or number, one for each value that the database tells apart. */
function partOf(name: string, column: KeyColumn, entity: object): string | number {
  const value = toStored(column, column.valueOf(entity));
  if (value === undefined || value === null) throw new EntityWithoutIdError(name);
  if (typeof value === 'number') return value;
  if (types.isDate(value)) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return UUID.test(text) ? text.toLowerCase() : text;
}
