import { crc32 } from 'node:zlib';

/**
 * Tags are locked by buckets, so that an append of thousands of entities takes a bounded number of locks. The tables have a
 * row for each, and processes of all releases have to agree: the number and the hash stay for ever.
 */
export const BUCKETS = 1024;

export function bucketOf(tag: string): number {
  return crc32(tag) % BUCKETS;
}

/** Those of the tags, each once, in the order in which everybody locks them. */
export function bucketsOf(tags: Iterable<string>): number[] {
  const buckets = new Set<number>();
  for (const tag of tags) buckets.add(bucketOf(tag));
  return [...buckets].sort((a, b) => a - b);
}

/** Of events that are appended together; undefined where none has a tag. */
export function bucketsOfRows(rows: readonly { tags: readonly string[] }[]): number[] | undefined {
  if (rows.every(({ tags }) => tags.length === 0)) return undefined;
  return bucketsOf(rows.flatMap(({ tags }) => tags));
}
