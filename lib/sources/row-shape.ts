import type { EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import type { RelationMetadata } from 'typeorm/metadata/RelationMetadata.js';
import { dialectOf } from '../store/db/dialects.js';
import type { ColumnForms, StoredForm } from '../store/ports/column-forms.js';
import { storedForm } from './stored-form.js';

interface ShapedColumn {
  column: ColumnMetadata;
  form: StoredForm;
  read: (entity: object) => unknown;
  /** A foreign key may be contradicted by the related entity beside it, and TypeORM then stores the latter's. */
  contradicted: (entity: object) => boolean;
}

/** What an update says beside the entity. */
export interface UpdateFacts {
  /** The row before, as TypeORM loaded it. */
  before: object;
  updatedColumns: readonly ColumnMetadata[];
}

const shapes = new WeakMap<EntityMetadata, RowShape>();

/** The shape of an entity's rows, worked out once. */
export function rowShape(metadata: EntityMetadata): RowShape {
  const known = shapes.get(metadata);
  if (known) return known;
  const shape = new RowShape(metadata);
  shapes.set(metadata, shape);
  return shape;
}

/**
 * Decides whether an object that TypeORM has just saved is the row as it is stored now: an instance of the class,
 * with every column that `find` selects. What is not has to be read again.
 */
export class RowShape {
  private readonly columns: ShapedColumn[];
  /** The version and the update date. */
  private readonly special: ShapedColumn[];
  private readonly eager: RelationMetadata[];
  /** What only a query can compute or a database fill in. */
  private readonly insertHidesValues: boolean;
  private readonly updateHidesValues: boolean;

  constructor(private readonly metadata: EntityMetadata) {
    const selected = selectedColumns(metadata);
    const returned = metadata.getInsertionReturningColumns();
    const forms = dialectOf(metadata.dataSource).columns;
    this.columns = selected.map((column) => shaped(column, forms));
    this.special = this.columns.filter(({ column }) => column.isVersion || column.isUpdateDate);
    this.eager = metadata.eagerRelations;
    this.insertHidesValues = selected.some(
      (one) => one.isVirtualProperty || (!one.isInsert && !returned.includes(one)),
    );
    this.updateHidesValues = selected.some((one) => one.isVirtualProperty || one.asExpression !== undefined);
  }

  isInstance(entity: unknown): entity is object {
    const { target } = this.metadata;
    return typeof target === 'function'
      ? entity instanceof target
      : typeof entity === 'object' && entity !== null;
  }

  /** Whether the object that was inserted is the whole row. */
  isWholeAfterInsert(entity: object): boolean {
    return (
      !this.insertHidesValues &&
      this.isWhole(entity) &&
      this.columns.every((column) => isAsStored(column, entity))
    );
  }

  /** Whether the object that was updated is the whole row. */
  isWholeAfterUpdate(entity: object, facts: UpdateFacts): boolean {
    if (this.updateHidesValues || !this.isWhole(entity) || !isReloaded(this.special, entity, facts))
      return false;
    return this.columns.every((column) => isAsStored(column, entity) && isTrustworthy(column, entity, facts));
  }

  /** An instance with every column and eager relation, whatever their values. */
  isWhole(entity: unknown): entity is object {
    if (!this.isInstance(entity)) return false;
    return (
      this.columns.every((column) => column.read(entity) !== undefined) &&
      this.eager.every((one) => hasLoaded(one, entity))
    );
  }
}

/** A parent of `@ChildEntity` classes holds their columns too: not its own rows'. */
function selectedColumns(metadata: EntityMetadata): ColumnMetadata[] {
  const children = metadata.childEntityMetadatas.map(({ target }) => target);
  return metadata.columns.filter(
    ({ isSelect, isVirtual, target }) => isSelect && !isVirtual && !children.includes(target),
  );
}

function shaped(column: ColumnMetadata, forms: ColumnForms): ShapedColumn {
  const { propertyName, embeddedMetadata, relationMetadata } = column;
  const plain = (entity: object) => (entity as Record<string, unknown>)[propertyName];
  return {
    column,
    form: storedForm(column, forms, column.entityMetadata.dataSource.options),
    read: embeddedMetadata ? (entity): unknown => column.getEntityValue(entity) : plain,
    contradicted: (entity) =>
      !embeddedMetadata && !!relationMetadata && plain(entity) !== column.getEntityValue(entity),
  };
}

function isAsStored({ form, read, contradicted }: ShapedColumn, entity: object): boolean {
  return form(read(entity)) && !contradicted(entity);
}

/** TypeORM sets what was not loaded to null. */
function isTrustworthy(
  { column, read }: ShapedColumn,
  entity: object,
  { before, updatedColumns }: UpdateFacts,
): boolean {
  if (updatedColumns.includes(column)) return column.isUpdate;
  const stored = column.getEntityValue(before) as unknown;
  return read(entity) !== null || stored === null || stored === undefined;
}

/** After `{ reload: false }` the object keeps the old version and update date, which the database has replaced. */
function isReloaded(
  special: readonly ShapedColumn[],
  entity: object,
  { before, updatedColumns }: UpdateFacts,
): boolean {
  const replaced = special.filter(({ column }) => !updatedColumns.includes(column));
  const differs = ({ column, read }: ShapedColumn) =>
    Number(read(entity)) !== Number(column.getEntityValue(before));
  return replaced.length === 0 || replaced.some(differs);
}

function hasLoaded(relation: RelationMetadata, entity: object): boolean {
  const value = relation.getEntityValue(entity) as unknown;
  if (value === undefined) return false;
  const related = Array.isArray(value) ? value : value === null ? [] : [value];
  return related.every((one: object) =>
    rowShape(relation.inverseEntityMetadata.findInheritanceMetadata(one)).isWhole(one),
  );
}
