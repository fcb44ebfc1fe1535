import type { Database } from './database.js';
import { migrate, missingMigrations, type MissingMigration } from './schema.js';

export interface MigrateOptions {
  /** Told every ten seconds how far it is, in a line for a person. */
  onProgress?: (line: string) => void;
}

/** The log's tables: which of their migrations are missing, and applying them. */
export class EventTables {
  constructor(private readonly database: Database) {}

  /** What this release has and the database lacks, in order, with its statements; none where the tables are up to date. */
  async missing(): Promise<MissingMigration[]> {
    return missingMigrations(this.database);
  }

  /**
   * Applies what is missing, and resolves to it. Safe from several processes at once: one of them applies it, and each answers
   * what was missing when it asked. Rejects with what the database says; on PostgreSQL and SQLite nothing is applied then.
   */
  async migrate({ onProgress }: MigrateOptions = {}): Promise<MissingMigration[]> {
    const missing = await this.missing();
    if (missing.length > 0) await migrate(this.database, onProgress ?? (() => undefined));
    return missing;
  }
}
