import type { EntityMetadata, FindOptionsRelations, ObjectLiteral } from 'typeorm';
import { InvalidOptionError } from '../../core/errors.js';
import { describe } from '../../core/describe.js';
import { nearest } from '../../core/options/known-options.js';

/** Relations to load on entity references: names, or TypeORM's object form. */
export type ReferenceRelations = readonly string[] | FindOptionsRelations<ObjectLiteral>;

type Tree = Record<string, unknown>;
type Path = readonly string[];

/** Those of the relations that this entity has, as `find` takes them: others may be of another class. */
export function relationsOf(
  metadata: EntityMetadata,
  relations: ReferenceRelations,
): FindOptionsRelations<ObjectLiteral> {
  const isOwn = ([name]: [string, unknown]) =>
    metadata.relations.some(({ propertyPath }) => propertyPath.split('.')[0] === name);
  return Object.fromEntries(
    Object.entries(treeOf(relations)).filter(isOwn),
  ) as FindOptionsRelations<ObjectLiteral>;
}

/** Throws `InvalidOptionError` for the first relation that none of the entities has, all the way down. */
export function assertRelations(
  option: string,
  relations: ReferenceRelations | undefined,
  entities: readonly EntityMetadata[],
  where: string,
): void {
  if (relations === undefined) return;
  if (!isRelations(relations))
    throw new InvalidOptionError(
      option,
      'relations as in find, such as { owner: true }, or names',
      describe(relations),
      where,
    );
  const unknown = pathsOf(treeOf(relations)).find((path) => !entities.some((entity) => has(entity, path)));
  if (!unknown) return;
  const name = unknown.join('.');
  const known = [...new Set(entities.flatMap((entity) => entity.relations.map((one) => one.propertyPath)))];
  const near = nearest(unknown.at(-1)!, known);
  const hint = near === undefined ? '' : ` (did you mean "${near}"?)`;
  throw new InvalidOptionError(option, `relations of ${namesOf(entities)}`, `"${name}"${hint}`, where);
}

/** Of a hundred entities a message names none. */
function namesOf(entities: readonly EntityMetadata[]): string {
  return entities.length > 5 ? 'an entity of the DataSource' : entities.map(({ name }) => name).join(' or ');
}

function isRelations(value: unknown): value is ReferenceRelations {
  if (Array.isArray(value)) return value.every((name) => typeof name === 'string');
  return typeof value === 'object' && value !== null;
}

function treeOf(relations: ReferenceRelations): Tree {
  if (!Array.isArray(relations)) return relations as Tree;
  const tree: Tree = {};
  for (const path of relations as readonly string[])
    path.split('.').reduce<Tree>((branch, part) => (branch[part] = branchOf(branch[part])), tree);
  return tree;
}

function branchOf(value: unknown): Tree {
  return typeof value === 'object' && value !== null ? (value as Tree) : {};
}

/** To each leaf that is wanted. */
function pathsOf(tree: Tree): Path[] {
  return Object.entries(tree).flatMap(([name, below]): Path[] => {
    if (below === false || below === undefined) return [];
    const paths = pathsOf(branchOf(below));
    return paths.length > 0 ? paths.map((path) => [name, ...path]) : [[name]];
  });
}

/** A relation may stand in an embedded object, and lead to relations of another entity. */
function has(metadata: EntityMetadata, path: Path): boolean {
  return path.some((_, index) => {
    const relation = metadata.findRelationWithPropertyPath(path.slice(0, index + 1).join('.'));
    const rest = path.slice(index + 1);
    if (!relation || rest.length === 0) return relation !== undefined;
    const { inverseEntityMetadata: inverse } = relation;
    return [inverse, ...inverse.childEntityMetadatas].some((one) => has(one, rest));
  });
}
