import { EventSourcingError } from '../../core/errors.js';
import { withProgress } from '../../core/progress.js';
import type { Database } from './database.js';
import type { Migration } from '../ports/schema-sql.js';
import { marks, type Sql } from '../ports/sql.js';
import { TABLE_NAMES } from '../ports/tables.js';

/** What to do about the product's tables at bootstrap. */
export type SchemaPolicy = 'migrate' | 'verify' | 'none';

/** The product's tables are missing or older than this version of it. */
export class SchemaNotReadyError extends EventSourcingError {
  readonly code = 'SCHEMA_NOT_READY';

  /** The statements that are missing, in order. Not enumerable: whoever prints the error prints its message. */
  declare readonly sql: readonly string[];

  constructor(
    readonly missing: readonly string[],
    sql: readonly string[],
  ) {
    super(
      `The event log's tables are not up to date: missing migration ${missing.join(', ')}. Either\n` +
        "(1) let the application do it: EventSourcingModule.forRoot({ schema: 'migrate' }); or\n" +
        '(2) add EVENT_SOURCING_MIGRATIONS (or eventSourcingMigrations({ prefix, schemaName })) to the migrations of your ' +
        `DataSource and run them; or\n(3) run the ${sql.length} statements yourself that are in this error's property "sql":\n` +
        "NestFactory.create(AppModule, { abortOnError: false }).catch((error) => console.log(error.sql.join(';\\n')));",
    );
    Object.defineProperty(this, 'sql', { value: sql });
  }
}

/** Creates, upgrades or checks the tables; safe from several processes at once. `say` is told how far a long one is. */
export async function prepareSchema(
  database: Database,
  policy: SchemaPolicy,
  say: (line: string) => void = () => undefined,
): Promise<void> {
  if (policy === 'none') return;
  if (policy === 'verify') return verify(database);
  if ((await database.run((sql) => pending(database, sql))).length > 0) await migrate(database, say);
}

/** Makes tables again of which some were dropped, with nothing in them. False where all are there. */
export async function remakeSchema(database: Database): Promise<boolean> {
  const { tables } = database;
  const isThere = await database.run((sql) => tableExists(sql, tables.event, tables.plain('event')));
  if (isThere) return false;
  await database.transaction((sql) => dropSchema(database, sql));
  await migrate(database, () => undefined);
  return true;
}

/** A version of the tables that the database lacks. */
export interface MissingMigration {
  readonly version: number;
  readonly name: string;
  /** What makes it, in order. */
  readonly statements: readonly string[];
}

/** In order; none where the tables are up to date. */
export async function missingMigrations(database: Database): Promise<MissingMigration[]> {
  return database.run(async (sql) => {
    const missing = await pending(database, sql);
    if (missing.length === 0) return [];
    const server = await serverVersion(database, sql);
    return missing.map((migration) => ({
      version: migration.version,
      name: migration.name,
      statements: statements(database, migration, server),
    }));
  });
}

async function verify(database: Database): Promise<void> {
  const missing = await missingMigrations(database);
  if (missing.length === 0) return;
  const names = missing.map(({ version, name }) => `${version} (${name})`);
  const sql = [createMigrationTable(database), ...missing.flatMap(({ statements }) => statements)];
  throw new SchemaNotReadyError(names, sql);
}

export async function migrate(database: Database, say: (line: string) => void): Promise<void> {
  let step = 'waiting for its turn';
  const line = () => `Creating or upgrading the event log's tables: ${step}`;
  await withProgress(say, line, () =>
    database.transaction((sql) => applyPending(database, sql, (reached) => (step = reached))),
  );
}

/** Applies what is missing, up to this version, on this connection, in its transaction where there is one. */
export async function applyPending(
  database: Database,
  sql: Sql,
  at: (step: string) => void = () => undefined,
  upTo = Infinity,
): Promise<void> {
  const { dialect, tables } = database;
  await dialect.locks.exclusively(sql, tables.plain('migration'), async () => {
    const version = await serverVersion(database, sql);
    const missing = (await pending(database, sql)).filter(({ version }) => version <= upTo);
    if (missing.length > 0) await createSchema(database, sql);
    if (missing.length > 0) await sql.change(createMigrationTable(database));
    for (const migration of missing) {
      const all = statements(database, migration, version);
      for (const [index, statement] of all.entries()) {
        at(`migration ${migration.version} (${migration.name}), statement ${index + 1} of ${all.length}`);
        await sql.change(statement);
      }
    }
  });
}

/** Takes one migration back, the last that was applied: the way back of the application's own migration runs. */
export async function undoMigration(
  database: Database,
  sql: Sql,
  { version, undo }: Migration,
): Promise<void> {
  if (!undo) return dropSchema(database, sql);
  const { tables } = database;
  for (const statement of undo(tables)) await sql.change(statement);
  await sql.change(`DELETE FROM ${tables.migration} WHERE version = ?`, [version]);
}

async function dropSchema(database: Database, sql: Sql): Promise<void> {
  const t = database.tables;
  for (const table of TABLE_NAMES) await sql.change(`DROP TABLE IF EXISTS ${t[table]}`);
  for (const statement of database.dialect.schema.dropExtras(t)) await sql.change(statement);
}

/** Asks first: creating one that is there needs the right to create one, too. */
async function createSchema({ naming, dialect }: Database, sql: Sql): Promise<void> {
  const { schemaName } = naming;
  if (schemaName === undefined || (await sql.runner.hasSchema(schemaName))) return;
  await sql.change(`CREATE SCHEMA ${dialect.syntax.quote(schemaName)}`);
}

function statements(database: Database, migration: Migration, version: string): string[] {
  const { tables } = database;
  const applied = `INSERT INTO ${tables.migration} (version, name) VALUES (${migration.version}, '${migration.name}')`;
  return [...migration.statements(tables, version), applied];
}

function createMigrationTable({ tables }: Database): string {
  return `CREATE TABLE IF NOT EXISTS ${tables.migration} (version INTEGER NOT NULL PRIMARY KEY, name VARCHAR(255) NOT NULL)`;
}

async function serverVersion(database: Database, sql: Sql): Promise<string> {
  const { serverQuery } = database.dialect.schema;
  return serverQuery === undefined ? '' : String((await sql.row(serverQuery))!.version);
}

async function pending(database: Database, sql: Sql): Promise<Migration[]> {
  const { tables } = database;
  const { migrations } = database.dialect.schema;
  if (!(await tableExists(sql, tables.migration, tables.plain('migration')))) return [...migrations];
  const known = migrations.map((migration) => migration.version);
  const rows = await sql.rows(
    `SELECT version FROM ${tables.migration} WHERE version IN (${marks(known.length)})`,
    known,
  );
  const applied = new Set(rows.map((row) => Number(row.version)));
  return migrations.filter((migration) => !applied.has(migration.version));
}

async function tableExists(sql: Sql, qualified: string, plain: string): Promise<boolean> {
  const path = qualified.replaceAll(/["`]/g, '');
  return sql.runner.hasTable(path === plain ? plain : path);
}
