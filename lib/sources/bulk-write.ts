import type { EntityMetadata } from 'typeorm';
import type { WriteEvent } from './entity-write.js';
import { isRescanned, type RegisteredSource } from './registered-source.js';
import type { WriteReason } from './source-context.js';

/** The module's option: what becomes of a write that gave no whole entity. */
export type BulkWritePolicy = 'rescan' | 'ignore' | 'throw';

/** Which sources a bulk write would pass by. */
export interface BulkWriteVerdict {
  /** A re-scan makes up for these. */
  rescan: readonly RegisteredSource[];
  /** Nothing can. */
  missed: readonly RegisteredSource[];
}

/**
 * Judges a bulk write by what it did and to which properties; `changed` undefined: any. An insert counts as an update
 * too, since an upsert reports nothing else.
 */
export function judgeBulkWrite(
  reason: WriteReason,
  changed: ReadonlySet<string> | undefined,
  sources: readonly RegisteredSource[],
): BulkWriteVerdict {
  const concerned = sources.filter((source) => isOn(source, reason) && dependsOn(source, changed));
  // A re-scan comes across rows that are there.
  const isScannable = (source: RegisteredSource) =>
    reason !== 'remove' && reason !== 'soft-remove' && isRescanned(source);
  return {
    rescan: concerned.filter(isScannable),
    missed: concerned.filter((source) => !isScannable(source)),
  };
}

function isOn({ on }: RegisteredSource, reason: WriteReason): boolean {
  return on.has(reason) || (reason === 'insert' && on.has('update'));
}

function dependsOn({ columns }: RegisteredSource, changed: ReadonlySet<string> | undefined): boolean {
  if (!changed) return true;
  if (!columns) return changed.size > 0;
  return [...columns].some((column) => changed.has(column));
}

/** Names of the properties that a bulk write changed, a relation beside its foreign key; undefined: not known. */
export function bulkChanged(
  reason: WriteReason,
  { metadata, entity }: WriteEvent,
): ReadonlySet<string> | undefined {
  if (reason === 'recover' || reason === 'soft-remove')
    return names(metadata, [metadata.deleteDateColumn?.propertyPath ?? '']);
  return reason === 'update' && entity ? names(metadata, Object.keys(entity)) : undefined;
}

/** Columns that TypeORM keeps for itself (paths of trees) are no properties: their change changes nothing to see. */
function names(metadata: EntityMetadata, paths: readonly string[]): ReadonlySet<string> {
  const changed = new Set<string>();
  for (const path of paths.map((one) => one.split('.')[0]!)) {
    for (const column of metadata.columns) {
      if (column.propertyPath.split('.')[0] !== path || (column.isVirtual && !column.relationMetadata))
        continue;
      changed.add(path);
      if (column.relationMetadata) changed.add(column.relationMetadata.propertyName);
    }
    for (const { propertyName, joinColumns } of metadata.relations) {
      if (propertyName === path)
        [path, ...joinColumns.map((column) => column.propertyName)].forEach((one) => changed.add(one));
    }
  }
  if (changed.size === 0) return changed;
  for (const column of [metadata.versionColumn, metadata.updateDateColumn])
    if (column) changed.add(column.propertyName);
  return changed;
}
