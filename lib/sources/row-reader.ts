import type { EntityManager, EntityMetadata, ObjectLiteral } from 'typeorm';

/** Below the limits that databases set to the parameters and conditions of one statement. */
const KEYS_PER_QUERY = 500;

/** Identifies a row among those of its table; equal for the key as the application wrote it and as it is stored. */
export function rowKey(metadata: EntityMetadata, entity: object): string {
  return JSON.stringify(
    metadata.primaryColumns.map((column) => keyPart(column.getEntityValue(entity), column.type)),
  );
}

function keyPart(value: unknown, type: unknown): string {
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return type === 'uuid' ? String(value).toLowerCase() : String(value);
}

/** Loads the rows with these primary keys as `find` does, by `rowKey`; soft-removed ones too. */
export async function readRows(
  manager: EntityManager,
  metadata: EntityMetadata,
  ids: readonly ObjectLiteral[],
): Promise<Map<string, object>> {
  const rows = await read(manager, metadata, ids, false);
  // Only here, because `withDeleted` loads soft-removed related entities as well.
  if (metadata.deleteDateColumn) {
    const missing = ids.filter((id) => !rows.has(rowKey(metadata, id)));
    for (const [key, row] of await read(manager, metadata, missing, true)) rows.set(key, row);
  }
  return rows;
}

async function read(
  manager: EntityManager,
  metadata: EntityMetadata,
  ids: readonly ObjectLiteral[],
  withDeleted: boolean,
): Promise<Map<string, object>> {
  const rows = new Map<string, object>();
  for (let start = 0; start < ids.length; start += KEYS_PER_QUERY) {
    const query = manager.createQueryBuilder<ObjectLiteral>(metadata.target, metadata.name);
    const found = await query
      .setFindOptions({ withDeleted })
      .whereInIds(ids.slice(start, start + KEYS_PER_QUERY))
      .getMany();
    for (const row of found) rows.set(rowKey(metadata, row), row);
  }
  return rows;
}
