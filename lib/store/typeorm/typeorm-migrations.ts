import type { MigrationInterface, QueryRunner } from 'typeorm';
import { describe } from '../../core/describe.js';
import { EventSourcingError, InvalidOptionError } from '../../core/errors.js';
import { assertKnownOptions } from '../../core/options/known-options.js';
import { Database } from '../db/database.js';
import { applyPending, undoMigration } from '../db/schema.js';
import type { Sql } from '../ports/sql.js';
import { DEFAULT_PREFIX, type TableNaming } from '../ports/tables.js';

type MigrationClass = new () => MigrationInterface;

/** When each version of the tables came, as TypeORM counts migrations: their names stay for ever. */
const TIMESTAMPS = [
  1763600000000, 1764500000000, 1764590000000, 1764600000000, 1764700000000, 1764800000000, 1764900000000,
  1765000000000, 1765100000000, 1765200000000,
];

const ON_REVERT = ['refuse', 'keep', 'drop'] as const;

export interface EventSourcingMigrationsOptions extends Partial<TableNaming> {
  /**
   * What TypeORM's `migration:revert` does to tables that hold events, keys of data subjects, or positions of followers. `'refuse'` (default): it
   * fails with `EventsWouldBeLostError`; `'keep'`: the tables stay, and the next revert undoes the application's own migration
   * before them; `'drop'`: the tables go with all that is in them. Tables without any of these always go.
   */
  onRevert?: (typeof ON_REVERT)[number];
}

/** Reverting a migration would have dropped the log, the keys of data subjects, or the positions of followers. Nothing was changed. */
export class EventsWouldBeLostError extends EventSourcingError {
  readonly code = 'EVENTS_WOULD_BE_LOST';

  constructor(
    /** The table that holds events, keys or positions. */
    readonly table: string,
  ) {
    super(
      `Reverting the migration that made ${table} would drop all that is in it, and in the tables that were made with it, and there ` +
        'is something: nothing was changed. ' +
        "To revert a migration of your own that ran before it, give eventSourcingMigrations({ onRevert: 'keep' }) to your DataSource, " +
        "revert twice, and run the migrations again. To drop what is there: { onRevert: 'drop' }.",
    );
  }
}

/**
 * The product's tables as TypeORM migrations, one for each version, for an application that runs its own: add them to the
 * DataSource's `migrations` and give `forRoot` the same `prefix` and `schemaName`, with `schema: 'verify'`. They create or
 * upgrade whatever is missing, so they go well with tables that `schema: 'migrate'` made.
 */
export function eventSourcingMigrations(options: EventSourcingMigrationsOptions = {}): MigrationClass[] {
  assertKnownOptions(options, ['prefix', 'schemaName', 'onRevert'], WHERE);
  const { onRevert = 'refuse', ...naming } = options;
  if (!ON_REVERT.includes(onRevert))
    throw new InvalidOptionError('onRevert', `one of ${ON_REVERT.join(', ')}`, describe(onRevert), WHERE);
  const full = { prefix: DEFAULT_PREFIX, ...naming };
  return TIMESTAMPS.map((timestamp, index) =>
    migrationClass(full, index + 1, `EventSourcing${timestamp}`, onRevert),
  );
}

const WHERE = 'eventSourcingMigrations';

function migrationClass(
  naming: TableNaming,
  version: number,
  name: string,
  onRevert: (typeof ON_REVERT)[number],
): MigrationClass {
  return class implements MigrationInterface {
    name = name;

    async up(runner: QueryRunner): Promise<void> {
      const database = new Database(runner.dataSource, naming);
      await applyPending(database, database.on(runner), undefined, version);
    }

    async down(runner: QueryRunner): Promise<void> {
      const database = new Database(runner.dataSource, naming);
      const migration = database.dialect.schema.migrations.find((each) => each.version === version)!;
      const sql = database.on(runner);
      const { tables } = database;
      // Most later versions are undone from filled tables: what they added holds nothing that would be lost.
      const kept = migration.undo ? migration.irreplaceable?.(tables) : tables.event;
      if (kept !== undefined && onRevert !== 'drop' && (await holdsRows(kept, sql))) {
        if (onRevert === 'keep') return;
        throw new EventsWouldBeLostError(kept);
      }
      await undoMigration(database, sql, migration);
    }
  };
}

async function holdsRows(table: string, sql: Sql): Promise<boolean> {
  return (await sql.rows(`SELECT 1 AS one FROM ${table} LIMIT 1`)).length > 0;
}

/** `eventSourcingMigrations()` with the default prefix. */
export const EVENT_SOURCING_MIGRATIONS = eventSourcingMigrations();
