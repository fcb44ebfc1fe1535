import type { EntityManager, EntityMetadata } from 'typeorm';
import type { RowWrite } from './entity-write.js';
import { rowKey } from '../store/typeorm/row-key.js';
import { type Find, readRows } from '../store/typeorm/row-reader.js';

/** A written row as it is stored now. */
export interface WrittenRow extends RowWrite {
  row: object;
}

export interface WrittenRows {
  /** In the order of the writes. */
  rows: readonly WrittenRow[];
  /** Those whose row the database does not find under the key that it was written with. */
  unfound: readonly RowWrite[];
}

/** The rows of the writes; those not known whole are read with one query per class. */
export async function writtenRows(writes: readonly RowWrite[], manager: EntityManager): Promise<WrittenRows> {
  const read = new Map<RowWrite, object>();
  for (const [metadata, unread] of groupByClass(writes.filter(({ row }) => !row))) {
    for (const [write, row] of await readWritten(manager, metadata, unread)) read.set(write, row);
  }
  const rows = writes.flatMap((write) => {
    const row = write.row ?? read.get(write);
    return row ? [{ ...write, row, metadata: write.metadata.findInheritanceMetadata(row) }] : [];
  });
  return { rows, unfound: writes.filter((write) => !write.row && !read.has(write)) };
}

/** The rows of these writes as they are stored now; what is not found is not in the result. */
export async function readWritten<W extends RowWrite>(
  manager: EntityManager,
  metadata: EntityMetadata,
  writes: readonly W[],
  find: Find = {},
): Promise<Map<W, object>> {
  const keys = new Map(writes.map((write) => [write, rowKey(metadata, write.id)]));
  const rows = await readRows(manager, metadata, [...keys.values()], find);
  // Only here, because `withDeleted` loads soft-removed related entities as well.
  if (metadata.deleteDateColumn) {
    const missing = [...keys.values()].filter((key) => !rows.has(key));
    const removed = await readRows(manager, metadata, missing, { ...find, withDeleted: true });
    for (const [key, row] of removed) rows.set(key, row);
  }
  return new Map(
    [...keys].flatMap(([write, key]) => (rows.has(key) ? [[write, rows.get(key)!] as const] : [])),
  );
}

export function groupByClass<W extends RowWrite>(writes: readonly W[]): Map<EntityMetadata, W[]> {
  const groups = new Map<EntityMetadata, W[]>();
  for (const write of writes) {
    const group = groups.get(write.metadata);
    if (group) group.push(write);
    else groups.set(write.metadata, [write]);
  }
  return groups;
}
