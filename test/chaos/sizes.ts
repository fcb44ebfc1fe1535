import type { ChaosDatabaseName } from './servers/chaos-database.js';

/** How many processes a run has. SQLite has one writer at a time. */
export function companyFor(database: ChaosDatabaseName): { workers: number; producers: number } {
  return database === 'sqlite' ? { workers: 2, producers: 1 } : { workers: 3, producers: 2 };
}
