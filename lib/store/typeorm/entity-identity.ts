import type { DataSource, EntityMetadata } from 'typeorm';
import { PayloadDecodingError } from '../../payload/errors.js';

/** By what a payload names an entity's class. What was stored by earlier releases has no table. */
export interface EntityIdentity {
  entity: string;
  table?: string;
}

/** Names the class: names are not unique, minified ones least of all, and classes of one hierarchy share a table. */
export function identityOf({ name, tablePath }: EntityMetadata): EntityIdentity {
  return { entity: name, table: tablePath };
}

/**
 * The class that an identity names: the one of that name and table, or else the only one, or the parent, of that table (its
 * class was renamed), or else the only one of that name (its table was). Throws `PayloadDecodingError` where it is none of these.
 */
export function identified(dataSource: DataSource, { entity, table }: EntityIdentity): EntityMetadata {
  const classes = dataSource.entityMetadatas.filter(({ isJunction }) => !isJunction);
  const placed = classes.filter(({ tablePath }) => tablePath === table);
  const named = classes.filter(({ name }) => name === entity);
  const found =
    only(placed.filter(({ name }) => name === entity)) ??
    only(placed.filter(({ parentEntityMetadata }) => !placed.includes(parentEntityMetadata))) ??
    only(named);
  if (found) return found;
  const of = table === undefined ? '' : ` of the table ${table}`;
  throw new PayloadDecodingError(
    `it refers to the entity ${entity}${of}: expected one entity of the DataSource of that name, got ` +
      (named.length === 0
        ? 'none; add it to the entities'
        : `those of ${named.map(({ tablePath }) => tablePath).join(' and ')}; give them names that differ`),
  );
}

function only<T>(items: readonly T[]): T | undefined {
  return items.length === 1 ? items[0] : undefined;
}
