import type { EntityMetadata, FindOptionsRelations, ObjectLiteral } from 'typeorm';
import { InvalidOptionError } from '../core/errors.js';
import { assertRelations } from '../store/typeorm/relations.js';
import type { ModelEventSourceOptions } from './model-event-source.decorator.js';

type Relations = FindOptionsRelations<ObjectLiteral>;

/**
 * The relations that a source is given, whoever saved the entity; undefined where it declares none. Throws
 * `InvalidOptionError` for a relation that the entity does not have, and where they cannot be given.
 */
export function sourceRelations(
  { relations, rescan, on }: ModelEventSourceOptions<ObjectLiteral>,
  classes: readonly EntityMetadata[],
  where: string,
): Relations | undefined {
  const ofRescan = rescan ? rescan.relations : undefined;
  assertRelations('relations', relations, classes, where);
  assertRelations('rescan.relations', ofRescan, classes, where);
  if (relations === undefined) return undefined;
  if (ofRescan !== undefined)
    throw new InvalidOptionError(
      'rescan.relations',
      'left out beside relations, which a re-scan loads too',
      'both',
      where,
    );
  if (on?.includes('remove'))
    throw new InvalidOptionError(
      'relations',
      "left out of a source on 'remove', since nothing refers to a removed row: give 'remove' a source of its own",
      'both',
      where,
    );
  return relations;
}
