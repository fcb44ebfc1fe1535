import 'reflect-metadata';
import type { DeepPartial, EntityManager, EntityTarget, ObjectLiteral } from 'typeorm';
import { describe } from '../core/describe.js';
import { chunks } from '../store/ports/sql.js';
import { ProjectionError } from './errors.js';

const PROJECTION = Symbol('projection');

/** Rows in one statement. */
const MOST = 200;

/** What a method of a projection wants to be written: made by `upsert`, `update` or `remove`. */
export type ProjectionChange =
  | { readonly kind: 'upsert'; readonly row: ObjectLiteral }
  | { readonly kind: 'update'; readonly criteria: ObjectLiteral; readonly changes: ObjectLiteral }
  | { readonly kind: 'remove'; readonly criteria: ObjectLiteral };

/** What such a method returns. */
export type Projected = ProjectionChange | readonly Projected[] | null | undefined | void;

const CHANGES = new WeakSet<object>();

/** The row is inserted or, where one has its primary key, changed: in the properties that are given. */
export function upsert<T extends ObjectLiteral>(row: DeepPartial<T>): ProjectionChange {
  return made({ kind: 'upsert', row: row as ObjectLiteral });
}

/** The rows with these values get those: no row is made. */
export function update<T extends ObjectLiteral>(
  criteria: Partial<T>,
  changes: DeepPartial<T>,
): ProjectionChange {
  return made({ kind: 'update', criteria, changes: changes as ObjectLiteral });
}

/** The rows with these values go. */
export function remove<T extends ObjectLiteral>(criteria: Partial<T>): ProjectionChange {
  return made({ kind: 'remove', criteria });
}

function made(change: ProjectionChange): ProjectionChange {
  CHANGES.add(change);
  return change;
}

/**
 * On a class with `@Follower`: it keeps the rows of this entity, and its `@On` methods return what becomes of them for an event:
 * `upsert`, `update`, `remove`, an array of these, or nothing. That is written in the follower's transaction, in this order, as soon as the
 * method has ended. A reset removes all rows of the entity, unless a method with `@OnReset` says otherwise. Each `version` of a
 * follower needs an entity of its own.
 */
export function Projection(entity: EntityTarget<ObjectLiteral>): ClassDecorator {
  return (type) => Reflect.defineMetadata(PROJECTION, { entity }, type);
}

/** What `@Projection` noted on the class itself. */
export function projectionOf(type: Function): { entity: EntityTarget<ObjectLiteral> } | undefined {
  return Reflect.getOwnMetadata(PROJECTION, type) as { entity: EntityTarget<ObjectLiteral> } | undefined;
}

/** All rows of the entity go. */
export async function emptied(entity: EntityTarget<ObjectLiteral>, manager: EntityManager): Promise<void> {
  await manager.createQueryBuilder().delete().from(entity).execute();
}

/**
 * Writes what a method returned. Upserts that follow on each other are one statement where they name the same properties and no row
 * twice. Throws `ProjectionError`.
 */
export async function project(
  entity: EntityTarget<ObjectLiteral>,
  returned: unknown,
  manager: EntityManager,
  label: string,
): Promise<void> {
  const metadata = manager.dataSource.getMetadata(entity);
  const keys = metadata.primaryColumns.map(({ propertyPath }) => propertyPath);
  for (const group of grouped(changesOf(returned, label), (row) => keyOf(row, keys, label))) {
    const [first] = group;
    if (first!.kind === 'upsert') {
      const rows = group.map((change) => ({ ...(change as { row: ObjectLiteral }).row }));
      for (const some of chunks(rows, MOST)) await manager.upsert(entity, some, keys);
    } else if (first!.kind === 'update')
      await manager.update(entity, criteriaOf(first!.criteria, label), valuesOf(first!.changes, label));
    else await manager.delete(entity, criteriaOf(first!.criteria, label));
  }
}

/** In the order in which they are given. Throws `ProjectionError`. */
export function changesOf(returned: unknown, label: string): ProjectionChange[] {
  if (returned === undefined || returned === null) return [];
  if (Array.isArray(returned)) return returned.flatMap((one) => changesOf(one, label));
  if (typeof returned === 'object' && CHANGES.has(returned)) return [returned as ProjectionChange];
  throw new ProjectionError(
    label,
    `expected it to return upsert(row), update(criteria, changes), remove(criteria), an array of these, or nothing, got ${describe(returned)}.`,
  );
}

/** Upserts that can be one statement come together; whatever else stands alone. */
export function grouped(
  changes: readonly ProjectionChange[],
  keyOfRow: (row: ObjectLiteral) => string,
): ProjectionChange[][] {
  const groups: ProjectionChange[][] = [];
  let [shape, seen] = ['', new Set<string>()];
  for (const change of changes) {
    if (change.kind !== 'upsert') {
      groups.push([change]);
      shape = '';
      continue;
    }
    const [own, key] = [shapeOf(change.row), keyOfRow(change.row)];
    if (shape === own && !seen.has(key)) groups.at(-1)!.push(change);
    else {
      groups.push([change]);
      [shape, seen] = [own, new Set()];
    }
    seen.add(key);
  }
  return groups;
}

/** Never empty. */
function shapeOf(row: ObjectLiteral): string {
  const names = Object.keys(row).filter((name) => row[name] !== undefined);
  return JSON.stringify(names.sort());
}

/** An upsert without its whole key would be an insert each time. */
function keyOf(row: ObjectLiteral, keys: readonly string[], label: string): string {
  const values = keys.map((path) =>
    path.split('.').reduce((value: unknown, name) => (value as ObjectLiteral | undefined)?.[name], row),
  );
  const missing = keys.filter((_, index) => values[index] === undefined || values[index] === null);
  if (missing.length > 0)
    throw new ProjectionError(
      label,
      `expected the row of upsert to have its primary key, and ${missing.join(', ')} is missing.`,
    );
  return JSON.stringify(values.map(String));
}

/** NULL equals nothing. */
function criteriaOf(criteria: ObjectLiteral, label: string): ObjectLiteral {
  const empty = Object.keys(valuesOf(criteria, label)).find((name) => criteria[name] === null);
  if (empty === undefined) return criteria;
  throw new ProjectionError(
    label,
    `expected the criteria of update and remove to have values, and ${empty} is null. For rows without a value, say IsNull() of TypeORM.`,
  );
}

/** What names nothing would change every row. */
function valuesOf(values: ObjectLiteral, label: string): ObjectLiteral {
  const names = Object.keys(values ?? {});
  const unset = names.filter((name) => values[name] === undefined);
  if (names.length > 0 && unset.length === 0) return values;
  const problem = names.length === 0 ? 'there is none' : `${unset.join(', ')} is undefined`;
  throw new ProjectionError(
    label,
    `expected one value or more for update and remove, each defined, and ${problem}.`,
  );
}
