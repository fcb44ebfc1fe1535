import type { EntityMetadata, ObjectLiteral, QueryRunner } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import type { RelationMetadata } from 'typeorm/metadata/RelationMetadata.js';
import { rowShape } from './row-shape.js';
import type { WriteReason } from './source-context.js';

/** What TypeORM's broadcaster tells of a write; which parts are there says who wrote. */
export interface WriteEvent {
  metadata: EntityMetadata;
  queryRunner: QueryRunner;
  entity?: ObjectLiteral;
  databaseEntity?: ObjectLiteral;
  /** The primary key, as an object where it has several columns. */
  entityId?: unknown;
  updatedColumns?: readonly ColumnMetadata[];
  updatedRelations?: readonly RelationMetadata[];
}

/** A write whose row is known. */
export interface RowWrite {
  reason: WriteReason;
  metadata: EntityMetadata;
  /** The row as stored; undefined where it has to be read by `id`. */
  row?: object;
  id: ObjectLiteral;
  changed?: readonly string[];
  /** The object that the application saved. */
  entity?: object;
}

/**
 * The row that was written, or undefined for a bulk write: one by a query builder, which gives neither key nor row
 * before, or one whose row cannot be told (the other side of a relation, a removed orphan).
 */
export function rowWrite(reason: WriteReason, event: WriteEvent): RowWrite | undefined {
  switch (reason) {
    case 'insert':
      return inserted(event);
    case 'update':
      return updated(event);
    case 'remove':
      return removed(event);
    default:
      return softRemovedOrRecovered(reason, event);
  }
}

/** A row that refers to one inserted by the same save is inserted, then updated: one insert, seen from outside. */
export function completesInsert(
  { entity, databaseEntity, updatedColumns }: WriteEvent,
  pending: readonly RowWrite[],
): boolean {
  if (!entity || databaseEntity) return false;
  return (
    !!updatedColumns?.length || pending.some((write) => write.reason === 'insert' && write.entity === entity)
  );
}

/** A query builder gives no key; on SQLite `orIgnore` even leaves another row's in the object. */
function inserted({ metadata, entity, entityId }: WriteEvent): RowWrite | undefined {
  if (!entity || entityId === undefined || entityId === null) return undefined;
  const concrete = metadata.findInheritanceMetadata(entity);
  const shape = rowShape(concrete);
  const whole = shape.isInstance(entity) && shape.isWholeAfterInsert(entity);
  const id = idMap(metadata, entityId);
  return { reason: 'insert', metadata: concrete, id, entity, ...(whole ? { row: entity } : {}) };
}

function updated(event: WriteEvent): RowWrite | undefined {
  const { metadata, entity, databaseEntity, updatedColumns = [], updatedRelations = [] } = event;
  const id = databaseEntity && metadata.getEntityIdMap(databaseEntity);
  if (!entity || !databaseEntity || !id) return undefined;
  const concrete = metadata.findInheritanceMetadata(entity);
  const whole = rowShape(concrete).isWholeAfterUpdate(entity, { before: databaseEntity, updatedColumns });
  const changed = [
    ...new Set([...updatedColumns, ...updatedRelations].map(({ propertyPath }) => propertyPath)),
  ];
  return { reason: 'update', metadata: concrete, id, entity, changed, ...(whole ? { row: entity } : {}) };
}

/** The row before it went: TypeORM takes the key off the application's object. */
function removed({ metadata, entity, databaseEntity, entityId }: WriteEvent): RowWrite | undefined {
  if (entityId === undefined || entityId === null) return undefined;
  const id = idMap(metadata, entityId);
  const row = databaseEntity ?? (entity && withId(metadata, entity, id));
  if (!row) return undefined;
  const concrete = metadata.findInheritanceMetadata(row);
  return rowShape(concrete).isWhole(row) || databaseEntity
    ? { reason: 'remove', metadata: concrete, row, id, entity }
    : undefined;
}

function withId(metadata: EntityMetadata, entity: ObjectLiteral, id: ObjectLiteral): object {
  const concrete = metadata.findInheritanceMetadata(entity);
  const copy = Object.assign(concrete.create() as ObjectLiteral, entity);
  for (const column of concrete.primaryColumns) column.setEntityValue(copy, column.getEntityValue(id));
  return copy;
}

function softRemovedOrRecovered(reason: WriteReason, event: WriteEvent): RowWrite | undefined {
  const { metadata, entity, databaseEntity, entityId } = event;
  const column = metadata.deleteDateColumn;
  if (!column || entityId === undefined || entityId === null) return undefined;
  const id = idMap(metadata, entityId);
  const concrete = metadata.findInheritanceMetadata(databaseEntity ?? entity ?? {});
  const write = { reason, metadata: concrete, id, entity, changed: [column.propertyPath] };
  if (!entity || !databaseEntity) return write;
  const facts = { before: databaseEntity, updatedColumns: [column] };
  const isRemoved = column.getEntityValue(entity) !== null;
  const whole =
    isRemoved === (reason === 'soft-remove') && rowShape(concrete).isWholeAfterUpdate(entity, facts);
  return whole ? { ...write, row: entity } : write;
}

/** TypeORM's own `ensureEntityIdMap` takes a Date or bytes for such a map. */
function idMap(metadata: EntityMetadata, id: unknown): ObjectLiteral {
  return metadata.hasMultiplePrimaryKeys
    ? (id as ObjectLiteral)
    : metadata.primaryColumns[0]!.createValueMap(id);
}
