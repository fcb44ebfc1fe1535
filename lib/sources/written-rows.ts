import type { EntityManager, EntityMetadata } from 'typeorm';
import type { RowWrite } from './entity-write.js';
import { readRows, rowKey } from './row-reader.js';

/** A written row as it is stored now. */
export interface WrittenRow extends RowWrite {
  row: object;
}

/** The rows of the writes, in their order; those not known whole are read with one query per class. */
export async function writtenRows(
  writes: readonly RowWrite[],
  manager: EntityManager,
): Promise<WrittenRow[]> {
  const read = new Map<EntityMetadata, Map<string, object>>();
  for (const [metadata, unread] of groupByClass(writes.filter(({ row }) => !row))) {
    read.set(
      metadata,
      await readRows(
        manager,
        metadata,
        unread.map(({ id }) => id),
      ),
    );
  }
  return writes.flatMap((write) => {
    const row = write.row ?? read.get(write.metadata)?.get(rowKey(write.metadata, write.id));
    // One that is gone again was removed by the same transaction meanwhile.
    return row ? [{ ...write, row, metadata: write.metadata.findInheritanceMetadata(row) }] : [];
  });
}

function groupByClass(writes: readonly RowWrite[]): Map<EntityMetadata, RowWrite[]> {
  const groups = new Map<EntityMetadata, RowWrite[]>();
  for (const write of writes) {
    const group = groups.get(write.metadata);
    if (group) group.push(write);
    else groups.set(write.metadata, [write]);
  }
  return groups;
}
