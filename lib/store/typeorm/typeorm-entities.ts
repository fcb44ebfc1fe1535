import type { DataSource, EntityManager, EntityMetadata, FindOptionsRelations, ObjectLiteral } from 'typeorm';
import { EventSourcingError } from '../../core/errors.js';
import type { EntityLoader, EntityPort, EntityReference } from '../../payload/entity-port.js';

/** Relations to load on entity references: names, or TypeORM's object form. */
export type ReferenceRelations = readonly string[] | FindOptionsRelations<ObjectLiteral>;

/** An entity was put into an event's data before it was saved, so there is nothing to refer to. */
export class EntityWithoutIdError extends EventSourcingError {
  readonly code = 'ENTITY_WITHOUT_ID';

  constructor(readonly entity: string) {
    super(
      `A ${entity} in the data of an event has no primary key yet. Save it before the event is recorded, ` +
        'or put its values into the data as a plain object.',
    );
  }
}

/** The DataSource's entities, as the payload knows them. */
export class TypeOrmEntities implements EntityPort {
  private readonly byClass = new Map<unknown, EntityMetadata | null>();

  constructor(private readonly dataSource: DataSource) {}

  reference(value: object): EntityReference | undefined {
    const metadata = this.metadataOf(value);
    if (!metadata) return undefined;
    const id: Record<string, unknown> = {};
    for (const column of metadata.primaryColumns) {
      const part: unknown = column.getEntityValue(value);
      if (part === undefined || part === null) throw new EntityWithoutIdError(metadata.name);
      id[column.propertyPath] = part;
    }
    return { entity: metadata.name, id };
  }

  isEntity(value: object): boolean {
    return this.metadataOf(value) !== null;
  }

  columns(value: object): Record<string, unknown> {
    const columns: Record<string, unknown> = {};
    for (const column of this.metadataOf(value)?.columns ?? []) {
      if (column.isVirtual) continue;
      const stored: unknown = column.getEntityValue(value);
      if (stored !== undefined) column.setEntityValue(columns, stored);
    }
    return columns;
  }

  restore(entity: string, columns: Record<string, unknown>): object {
    const metadata = this.dataSource.getMetadata(entity);
    return Object.assign(metadata.create() as object, columns);
  }

  /** Equal for references to the same entity. Throws TypeORM's error when there is no entity of that name. */
  keyOf({ entity, id }: EntityReference): string {
    return keyOfId(this.dataSource.getMetadata(entity), (column) => id[column.propertyPath]);
  }

  /** Whether entities that one query loads may share what they are related to: loaded by a query of its own. */
  get shareRelated(): boolean {
    return this.dataSource.options.relationLoadStrategy === 'query';
  }

  /** Loads references through `manager`, soft-removed ones too, one query for each entity class. */
  loader(manager: EntityManager, relations: ReferenceRelations | undefined): EntityLoader {
    return async (references) => {
      const loaded = new Map<EntityReference, object>();
      for (const entity of new Set(references.map((reference) => reference.entity))) {
        const wanted = references.filter((reference) => reference.entity === entity);
        await this.load(manager, entity, wanted, relations, loaded);
      }
      return references.map((reference) => loaded.get(reference) ?? null);
    };
  }

  private async load(
    manager: EntityManager,
    entity: string,
    references: readonly EntityReference[],
    relations: ReferenceRelations | undefined,
    loaded: Map<EntityReference, object>,
  ): Promise<void> {
    const metadata = this.dataSource.getMetadata(entity);
    const found = await manager.find<ObjectLiteral>(metadata.target, {
      where: references.map(({ id }) => nested(id)),
      withDeleted: true,
      ...(relations ? { relations: relationsOf(metadata, relations) } : {}),
    });
    const byKey = new Map(
      found.map((row) => [keyOfId(metadata, (column) => column.getEntityValue(row)), row] as const),
    );
    for (const reference of references) {
      const match = byKey.get(this.keyOf(reference));
      if (match) loaded.set(reference, match);
    }
  }

  private metadataOf(value: object): EntityMetadata | null {
    const type: unknown = value.constructor;
    let metadata = this.byClass.get(type);
    if (metadata === undefined) {
      metadata =
        typeof type === 'function'
          ? (this.dataSource.entityMetadatas.find(({ target }) => target === type) ?? null)
          : null;
      this.byClass.set(type, metadata);
    }
    return metadata;
  }
}

function keyOfId(
  metadata: EntityMetadata,
  valueOf: (column: EntityMetadata['columns'][number]) => unknown,
): string {
  return JSON.stringify([
    metadata.name,
    ...metadata.primaryColumns.map((column) => comparable(valueOf(column))),
  ]);
}

/** Keys come back as the driver likes them: a bigint column as a string, bytes as a Buffer. */
function comparable(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value);
}

/** `{ 'name.first': … }` as the nested object that `find` takes. */
function nested(id: Record<string, unknown>): ObjectLiteral {
  const where: ObjectLiteral = {};
  for (const [path, value] of Object.entries(id)) {
    const parts = path.split('.');
    const last = parts.pop()!;
    const parent = parts.reduce<ObjectLiteral>(
      (object, part) => (object[part] ??= {}) as ObjectLiteral,
      where,
    );
    parent[last] = value;
  }
  return where;
}

/** Those of the relations that this entity has: data may refer to entities of several classes. */
function relationsOf(
  metadata: EntityMetadata,
  relations: ReferenceRelations,
): FindOptionsRelations<ObjectLiteral> {
  const has = (name: string) =>
    metadata.relations.some((relation) => relation.propertyPath === name.split('.')[0]);
  if (!Array.isArray(relations)) {
    return Object.fromEntries(Object.entries(relations).filter(([name]) => has(name)));
  }
  const result: ObjectLiteral = {};
  for (const path of (relations as readonly string[]).filter(has)) {
    path.split('.').reduce<ObjectLiteral>((object, part) => (object[part] = asObject(object[part])), result);
  }
  return result;
}

function asObject(value: unknown): ObjectLiteral {
  return typeof value === 'object' && value !== null ? value : {};
}
