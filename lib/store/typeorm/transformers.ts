import type { ValueTransformer } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';

type Transformed = Pick<ColumnMetadata, 'transformer'>;

/** What the column's transformers make of an entity's value for the database. */
export function toStored({ transformer }: Transformed, value: unknown): unknown {
  return list(transformer).reduce((made, one) => one.to(made) as unknown, value);
}

/** What they make of the database's value for an entity. */
export function fromStored({ transformer }: Transformed, value: unknown): unknown {
  return list(transformer).reduceRight((made, one) => one.from(made) as unknown, value);
}

function list(transformer: ColumnMetadata['transformer']): ValueTransformer[] {
  if (!transformer) return [];
  return Array.isArray(transformer) ? transformer : [transformer];
}
