import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import type { FormOf } from '../../ports/column-forms.js';

export function lengthOf({ length }: ColumnMetadata, otherwise: number): number {
  return length ? Number(length) : otherwise;
}

/** By each name of a type. */
export function byName(...entries: [names: string[], of: FormOf][]): ReadonlyMap<string, FormOf> {
  return new Map(entries.flatMap(([names, of]) => names.map((name) => [name, of] as const)));
}
