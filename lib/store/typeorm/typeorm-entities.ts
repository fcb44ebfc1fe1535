import { types } from 'node:util';
import type { DataSource, EntityManager, EntityMetadata, ObjectLiteral } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { EventSourcingError } from '../../core/errors.js';
import { type EntityIdentity, identified, identityOf } from './entity-identity.js';
import { fresh } from './fresh.js';
import { type ReferenceRelations, relationsOf } from './relations.js';
import { keyOf, keyText, type RowKey } from './row-key.js';
import { readRows } from './row-reader.js';
import { fromStored, toStored } from './transformers.js';
import type { EntityLoader, EntityPort, EntityReference, EntitySnapshot } from '../../payload/entity-port.js';

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
  private readonly byIdentity = new Map<string, EntityMetadata>();
  private known: readonly EntityMetadata[];

  constructor(private readonly dataSource: DataSource) {
    this.known = dataSource.entityMetadatas;
  }

  reference(value: object): EntityReference | undefined {
    const metadata = this.metadataOf(value);
    if (!metadata) return undefined;
    const { primaryColumns } = metadata;
    const parts = primaryColumns.map((column) => keyPart(column, value));
    const stored = parts.some((part, index) => isObjectBehind(primaryColumns[index]!, part));
    const id: ObjectLiteral = {};
    primaryColumns.forEach((column, index) => {
      id[column.propertyPath] = stored ? toStored(column, parts[index]) : parts[index];
    });
    const { entity, table } = identityOf(metadata);
    return stored ? { entity, table, id, stored } : { entity, table, id };
  }

  isEntity(value: object): boolean {
    return this.metadataOf(value) !== null;
  }

  snapshot(value: object): EntitySnapshot {
    const metadata = this.metadataOf(value)!;
    const [columns, stored]: [ObjectLiteral, ObjectLiteral] = [{}, {}];
    for (const column of metadata.columns.filter(({ isVirtual }) => !isVirtual)) {
      const one: unknown = column.getEntityValue(value);
      if (isObjectBehind(column, one)) stored[column.propertyPath] = toStored(column, one);
      else if (one !== undefined) column.setEntityValue(columns, ofDriver(column, one));
    }
    const isAnyStored = Object.keys(stored).length > 0;
    return { ...identityOf(metadata), columns, ...(isAnyStored ? { stored } : {}) };
  }

  restore({ columns, stored = {}, ...identity }: EntitySnapshot): object {
    const metadata = this.identified(identity);
    const entity = Object.assign(metadata.create() as object, columns);
    for (const [path, value] of Object.entries(stored)) {
      const column = metadata.findColumnWithPropertyPath(path);
      column?.setEntityValue(entity, fromStored(column, value));
    }
    return entity;
  }

  /** Equal for references to the same entity. Throws `PayloadDecodingError` when there is no such entity. */
  keyOf(reference: EntityReference): string {
    const metadata = this.identified(reference);
    const key = this.keyOfReference(metadata, reference);
    return `${metadata.tablePath} ${keyText(metadata, key) ?? JSON.stringify(key)}`;
  }

  /** Whether entities that one query loads may share what they are related to: loaded by a query of its own. */
  get shareRelated(): boolean {
    const { relationLoadStrategy = this.dataSource.options.relationLoadStrategy } = fresh(this.dataSource);
    return relationLoadStrategy === 'query';
  }

  /** Loads references through `manager`, soft-removed ones too, one query for each entity class. */
  loader(manager: EntityManager, relations: ReferenceRelations | undefined): EntityLoader {
    return async (references) => {
      const loaded = new Map<EntityReference, object>();
      const classes = new Map(references.map((reference) => [reference, this.identified(reference)]));
      for (const metadata of new Set(classes.values())) {
        const wanted = references.filter((reference) => classes.get(reference) === metadata);
        await this.load(manager, metadata, wanted, relations, loaded);
      }
      return references.map((reference) => loaded.get(reference) ?? null);
    };
  }

  private async load(
    manager: EntityManager,
    metadata: EntityMetadata,
    references: readonly EntityReference[],
    relations: ReferenceRelations | undefined,
    loaded: Map<EntityReference, object>,
  ): Promise<void> {
    const keys = references.map((reference) => this.keyOfReference(metadata, reference));
    const rows = await readRows(manager, metadata, keys, {
      withDeleted: true,
      ...(relations ? { relations: relationsOf(metadata, relations) } : {}),
    });
    references.forEach((reference, index) => {
      const row = rows.get(keys[index]!);
      if (row) loaded.set(reference, row);
    });
  }

  private keyOfReference(metadata: EntityMetadata, { id, stored }: EntityReference): RowKey {
    return keyOf(metadata, (column) => {
      const part = id[column.propertyPath];
      return stored ? fromStored(column, part) : part;
    });
  }

  private identified({ entity, table }: EntityIdentity): EntityMetadata {
    this.forgetFormer();
    const name = JSON.stringify([entity, table]);
    const known = this.byIdentity.get(name) ?? identified(this.dataSource, { entity, table });
    this.byIdentity.set(name, known);
    return known;
  }

  /** A DataSource that is initialised again has other objects for the same entities. */
  private forgetFormer(): void {
    if (this.known === this.dataSource.entityMetadatas) return;
    this.known = this.dataSource.entityMetadatas;
    this.byClass.clear();
    this.byIdentity.clear();
  }

  private metadataOf(value: object): EntityMetadata | null {
    this.forgetFormer();
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

function keyPart(column: ColumnMetadata, entity: object): unknown {
  const part: unknown = column.getEntityValue(entity);
  if (part === undefined || part === null) throw new EntityWithoutIdError(column.entityMetadata.name);
  return part;
}

/** What a transformer makes is the application's own, and no payload can hold it unless its class is registered. */
function isObjectBehind({ transformer }: ColumnMetadata, value: unknown): boolean {
  return transformer !== undefined && typeof value === 'object' && value !== null && !types.isDate(value);
}

/** The driver has a class for intervals; their parts are enough. */
function ofDriver({ type }: ColumnMetadata, value: unknown): unknown {
  const isParts = type === 'interval' && typeof value === 'object' && value !== null;
  return isParts ? { ...value } : value;
}
