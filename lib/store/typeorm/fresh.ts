import type { DataSource, FindManyOptions } from 'typeorm';

/**
 * Find options of a read that must see what is in the database now, whatever the DataSource caches. With
 * `relationLoadStrategy: 'query'` TypeORM caches the queries for relations on their own: they are joined instead.
 */
export function fresh({ options }: DataSource): Pick<FindManyOptions, 'cache' | 'relationLoadStrategy'> {
  return cachesAlways(options) ? { cache: false, relationLoadStrategy: 'join' } : { cache: false };
}

/** Whether TypeORM answers from its cache also where nobody asks for that. */
export function cachesAlways({ cache }: DataSource['options']): boolean {
  return typeof cache === 'object' && cache.alwaysEnabled === true;
}
