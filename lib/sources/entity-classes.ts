import type { DataSource, EntityMetadata } from 'typeorm';

/** A class, an `EntitySchema` or an entity's name: how a caller may name entities. */
export type EntityName = Function | { options: { name: string } } | string;

/** The entity of that name and those derived from it: by class, `@ChildEntity`, or as an abstract base class. */
export function classesOf(dataSource: DataSource, entity: EntityName): EntityMetadata[] {
  return dataSource.entityMetadatas.filter((metadata) => !metadata.isJunction && derives(metadata, entity));
}

function derives(metadata: EntityMetadata, entity: EntityName): boolean {
  if (typeof entity === 'function') return derivesFromClass(metadata, entity);
  const name = typeof entity === 'string' ? entity : entity.options.name;
  for (let base: EntityMetadata | undefined = metadata; base; base = base.parentEntityMetadata) {
    if (base.name === name) return true;
  }
  const named = metadata.dataSource.entityMetadatas.find((candidate) => candidate.name === name);
  return typeof named?.target === 'function' && derivesFromClass(metadata, named.target);
}

function derivesFromClass({ target }: EntityMetadata, base: Function): boolean {
  return target === base || (typeof target === 'function' && target.prototype instanceof base);
}

/** The class and the others whose rows are in its table and that it may turn out to be of (`@ChildEntity`). */
export function classesInTable(metadata: EntityMetadata): EntityMetadata[] {
  const children = metadata.childEntityMetadatas.filter((child) => child.tableType === 'entity-child');
  return [metadata, ...children];
}

export function entityName(entity: EntityName): string {
  if (typeof entity === 'string') return entity;
  return typeof entity === 'function' ? entity.name : entity.options.name;
}
