import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Database } from '../db/database.js';
import { applyPending, undoMigration } from '../db/schema.js';
import { DEFAULT_PREFIX, type TableNaming } from '../ports/tables.js';

type MigrationClass = new () => MigrationInterface;

/** When each version of the tables came, as TypeORM counts migrations: their names stay for ever. */
const TIMESTAMPS = [1763600000000, 1764500000000];

/**
 * The product's tables as TypeORM migrations, one for each version, for an application that runs its own: add them to the
 * DataSource's `migrations` and give `forRoot` the same `prefix` and `schemaName`, with `schema: 'verify'`. They create or
 * upgrade whatever is missing, so they go well with tables that `schema: 'migrate'` made.
 */
export function eventSourcingMigrations(naming: Partial<TableNaming> = {}): MigrationClass[] {
  const full = { prefix: DEFAULT_PREFIX, ...naming };
  return TIMESTAMPS.map((timestamp, index) => migrationClass(full, index + 1, `EventSourcing${timestamp}`));
}

function migrationClass(naming: TableNaming, version: number, name: string): MigrationClass {
  return class implements MigrationInterface {
    name = name;

    async up(runner: QueryRunner): Promise<void> {
      const database = new Database(runner.dataSource, naming);
      await applyPending(database, database.on(runner), undefined, version);
    }

    async down(runner: QueryRunner): Promise<void> {
      const database = new Database(runner.dataSource, naming);
      const migration = database.dialect.migrations.find((each) => each.version === version)!;
      await undoMigration(database, database.on(runner), migration);
    }
  };
}

/** `eventSourcingMigrations()` with the default prefix. */
export const EVENT_SOURCING_MIGRATIONS = eventSourcingMigrations();
