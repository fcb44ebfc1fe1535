import type {
  EntityManager,
  EntityMetadata,
  FindOneOptions,
  ObjectLiteral,
  SelectQueryBuilder,
} from 'typeorm';
import { fresh } from './fresh.js';
import { keyText, rowKey, type RowKey } from './row-key.js';

/** Below the limits that databases set to the parameters and conditions of one statement. */
const KEYS_PER_QUERY = 500;

const ALIAS = 'wanted';

export type Find = Pick<FindOneOptions<ObjectLiteral>, 'withDeleted' | 'relations'>;

/** Rows by the keys that were asked for. */
export type RowsByKey = Map<RowKey, ObjectLiteral>;

/** Loads the rows of these keys as `find` does, past every cache. What is not found is not in the result. */
export async function readRows(
  manager: EntityManager,
  metadata: EntityMetadata,
  keys: readonly RowKey[],
  find: Find,
): Promise<RowsByKey> {
  const rows: RowsByKey = new Map();
  for (let start = 0; start < keys.length; start += KEYS_PER_QUERY) {
    const some = keys.slice(start, start + KEYS_PER_QUERY);
    const found = await read(manager, metadata, some, find);
    matchByText(metadata, some, found, rows);
    const claimed = new Set(some.map((key) => rows.get(key)));
    // Only the database can tell whose the others are.
    if (found.every((row) => claimed.has(row))) continue;
    for (const key of some.filter((one) => !rows.has(one))) {
      const [row, another] = await read(manager, metadata, [key], find);
      if (row && !another) rows.set(key, row);
    }
  }
  return rows;
}

/** A text that two rows have says nothing: a Date is cut to milliseconds. */
function matchByText(
  metadata: EntityMetadata,
  keys: readonly RowKey[],
  found: readonly ObjectLiteral[],
  rows: RowsByKey,
): void {
  const byText = new Map<string | undefined, ObjectLiteral | undefined>();
  for (const row of found) {
    const text = keyText(metadata, rowKey(metadata, row));
    byText.set(text, text === undefined || byText.has(text) ? undefined : row);
  }
  for (const key of keys) {
    const row = byText.get(keyText(metadata, key));
    if (row) rows.set(key, row);
  }
}

function read(
  manager: EntityManager,
  metadata: EntityMetadata,
  keys: readonly RowKey[],
  find: Find,
): Promise<ObjectLiteral[]> {
  const query = manager.createQueryBuilder<ObjectLiteral>(metadata.target, ALIAS);
  query.setFindOptions({ ...find, ...fresh(metadata.dataSource) });
  return withKeys(query, metadata, keys).getMany();
}

/** By hand: TypeORM's `whereInIds` takes what a transformer makes for a condition on nested properties. */
function withKeys(
  query: SelectQueryBuilder<ObjectLiteral>,
  metadata: EntityMetadata,
  keys: readonly RowKey[],
): SelectQueryBuilder<ObjectLiteral> {
  const paths = metadata.primaryColumns.map(
    ({ databaseName }) => `${query.escape(ALIAS)}.${query.escape(databaseName)}`,
  );
  if (paths.length === 1) return query.andWhere(`${paths[0]} IN (:...keys)`, { keys: keys.flat() });
  const alternatives = keys.map((key, row) => {
    key.forEach((value, index) => query.setParameter(`key${row}_${index}`, value));
    return `(${paths.map((path, index) => `${path} = :key${row}_${index}`).join(' AND ')})`;
  });
  return query.andWhere(`(${alternatives.join(' OR ')})`);
}
