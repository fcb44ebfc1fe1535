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
    if (isNamed(base, name)) return true;
  }
  return metadata.dataSource.entityMetadatas.some(
    (one) => isNamed(one, name) && typeof one.target === 'function' && derivesFromClass(metadata, one.target),
  );
}

function isNamed(metadata: EntityMetadata, name: string): boolean {
  return metadata.name === name || uniqueName(metadata) === name;
}

/** With its table where another entity has the name, too: minified classes often do. `classesOf` takes it. */
export function uniqueName({ name, tablePath, dataSource }: EntityMetadata): string {
  const namesakes = dataSource.entityMetadatas.filter((one) => !one.isJunction && one.name === name);
  return namesakes.length > 1 ? `${name} (${tablePath})` : name;
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
