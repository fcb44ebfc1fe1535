import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Database } from './database.js';
import { applyPending, dropSchema } from './schema.js';
import { DEFAULT_PREFIX, type TableNaming } from './tables.js';

type MigrationClass = new () => MigrationInterface;

/**
 * The product's tables as TypeORM migrations, for an application that runs its own: add them to the DataSource's
 * `migrations` and give `forRoot` the same `prefix` and `schemaName`, with `schema: 'verify'`. They create or upgrade
 * whatever is missing, so they go well with tables that `schema: 'migrate'` made.
 */
export function eventSourcingMigrations(naming: Partial<TableNaming> = {}): MigrationClass[] {
  const full = { prefix: DEFAULT_PREFIX, ...naming };
  class EventSourcing1763600000000 implements MigrationInterface {
    name = 'EventSourcing1763600000000';

    async up(runner: QueryRunner): Promise<void> {
      const database = new Database(runner.dataSource, full);
      await applyPending(database, database.on(runner));
    }

    async down(runner: QueryRunner): Promise<void> {
      const database = new Database(runner.dataSource, full);
      await dropSchema(database, database.on(runner));
    }
  }
  return [EventSourcing1763600000000];
}

/** `eventSourcingMigrations()` with the default prefix. */
export const EVENT_SOURCING_MIGRATIONS = eventSourcingMigrations();
