import { inspect } from 'node:util';
import {
  DeliveryEntity,
  EVENT_SOURCING_ENTITIES,
  EVENT_SOURCING_MIGRATIONS,
  EventEntity,
  eventSourcingEntities,
  eventSourcingMigrations,
  EventsWouldBeLostError,
  InvalidOptionError,
  UnknownOptionError,
} from 'nestjs-once';
import { Column, DataSource, Entity, type MigrationInterface, PrimaryColumn } from 'typeorm';
import { Database } from '../../../lib/store/db/database.js';
import { applyPending, prepareSchema, SchemaNotReadyError } from '../../../lib/store/db/schema.js';
import {
  type DatabaseAddress,
  dataSourceOptionsFrom,
  describeEachDatabase,
  type ExtraOptions,
} from '../../support/databases.js';
import { eventRow, positionsOf } from '../../../lib/testing/conformance/log-bench.js';
import { handler, LogProcess } from './log-process.js';

@Entity()
class Challenge {
  @PrimaryColumn()
  id: number;

  @Column()
  title: string;
}

const TABLES = {
  postgres: `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
  mysql: 'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()',
  sqlite: `SELECT name FROM sqlite_master WHERE type = 'table'`,
};

const ONCE = { prefix: 'once_' };

describeEachDatabase('the schema', (db) => {
  let address: DatabaseAddress;
  const opened: DataSource[] = [];

  beforeEach(async () => {
    address = await db.create();
  });

  afterEach(async () => {
    for (const dataSource of opened.splice(0)) if (dataSource.isInitialized) await dataSource.destroy();
  });

  const open = async (extra: ExtraOptions = {}, naming = ONCE) => {
    const dataSource = await new DataSource(dataSourceOptionsFrom(address, extra)).initialize();
    opened.push(dataSource);
    const database = new Database(dataSource, naming);
    database.dialect.driver.install?.(dataSource);
    return database;
  };

  const versionsOf = ({ dialect }: Database) =>
    dialect.schema.migrations.map(({ version, name }) => `${version} (${name})`);

  const append = async (database: Database, key: string) => {
    const process = new LogProcess(database);
    await process.registry.refresh();
    return process.log.append({ group: 'app.A', key });
  };

  it('is created by several processes at once', async () => {
    const databases = await Promise.all([1, 2, 3, 4].map(() => open()));
    await Promise.all(databases.map((database) => prepareSchema(database, 'migrate')));
    const rows = await databases[0]!.run((sql) =>
      sql.rows(`SELECT version FROM ${databases[0]!.tables.migration}`),
    );
    expect(rows.map(({ version }) => Number(version))).toEqual(
      databases[0]!.dialect.schema.migrations.map(({ version }) => version),
    );
    await prepareSchema(databases[1]!, 'verify');
    expect(await append(databases[2]!, 'a')).toMatchObject({ recorded: true });
  });

  it('that is missing is told with the three ways to get it, one of which is SQL that works', async () => {
    const database = await open();
    const error = await prepareSchema(database, 'verify').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SchemaNotReadyError);
    const { code, missing, message, sql } = error as SchemaNotReadyError;
    expect([code, missing]).toEqual(['SCHEMA_NOT_READY', versionsOf(database)]);
    expect(missing[0]).toBe('1 (log)');
    expect(message).toContain("EventSourcingModule.forRoot({ schema: 'migrate' })");
    expect(message).toContain('EVENT_SOURCING_MIGRATIONS');
    expect(message).toContain(
      `the ${sql.length} statements yourself that are in this error's property "sql"`,
    );
    expect(message.split('\n').length).toBeLessThanOrEqual(15);
    expect(inspect(error)).not.toContain('CREATE TABLE');
    for (const statement of sql) await database.dataSource.query(statement);
    await prepareSchema(database, 'verify');
    expect(await append(database, 'a')).toMatchObject({ recorded: true });
  });

  it('is left alone where it is none of our business', async () => {
    const database = await open();
    await prepareSchema(database, 'none');
    await expect(prepareSchema(database, 'verify')).rejects.toThrow(SchemaNotReadyError);
  });

  it('may have a prefix, and several of them in one database, each a log of its own', async () => {
    const [one, two] = [await open({}, { prefix: 'one_' }), await open({}, { prefix: 'Two words ' })];
    for (const database of [one, two]) await prepareSchema(database, 'migrate');
    expect(await append(one, 'same')).toMatchObject({ recorded: true });
    expect(await append(two, 'same')).toMatchObject({ recorded: true });
    expect(await append(two, 'same')).toMatchObject({ recorded: false });
    await expect(prepareSchema(await open(), 'verify')).rejects.toThrow(SchemaNotReadyError);
  });

  if (db.name === 'postgres') {
    it('is where its functions find it, whatever the search_path of who calls them', async () => {
      const database = await open();
      await prepareSchema(database, 'migrate');
      const runner = database.dataSource.createQueryRunner();
      await runner.query('CREATE SCHEMA elsewhere');
      for (const name of ['event', 'delivery', 'event_tag']) {
        await runner.query(`CREATE TABLE elsewhere.once_${name} (LIKE public.once_${name})`);
        await runner.query(`CREATE TEMPORARY TABLE once_${name} (LIKE public.once_${name})`);
      }
      await runner.query('CREATE SEQUENCE elsewhere.once_event_position');
      await runner.query('SET search_path = elsewhere, public');
      const sql = database.on(runner);
      const rows = ['a', 'b', 'c'].map((key) =>
        eventRow(key, { tags: [key], handlers: [{ id: 1, rank: 0 }] }),
      );
      positionsOf(await database.dialect.log.append(sql, database.tables, rows.slice(0, 1), database.time()));
      positionsOf(await database.dialect.log.append(sql, database.tables, rows.slice(1), database.time()));
      for (const name of ['event', 'delivery', 'event_tag']) {
        const [{ count }] = await runner.query(`SELECT count(*)::integer AS count FROM public.once_${name}`);
        expect([name, count]).toEqual([name, 3]);
      }
      await runner.release();
    });

    it('may be in a schema that the search_path named when it was made', async () => {
      const database = await open({ extra: { options: '-c search_path=tenant' } });
      await database.dataSource.query('CREATE SCHEMA tenant');
      await prepareSchema(database, 'migrate');
      expect(await append(database, 'a')).toMatchObject({ recorded: true });
      await expect(prepareSchema(await open(), 'verify')).rejects.toThrow(SchemaNotReadyError);
    });

    it('may be in a schema of PostgreSQL, which is made where it is missing', async () => {
      const naming = { prefix: 'once_', schemaName: 'Event Log' };
      const database = await open({ entities: eventSourcingEntities(naming) }, naming);
      await expect(prepareSchema(database, 'verify')).rejects.toThrow(SchemaNotReadyError);
      await Promise.all([database, await open({}, naming)].map((each) => prepareSchema(each, 'migrate')));
      await prepareSchema(database, 'verify');
      expect(await append(database, 'a')).toMatchObject({ recorded: true });
      expect(
        await database.dataSource.getRepository(EventEntity).findOneByOrFail({ key: 'a' }),
      ).toMatchObject({ group: 'app.A' });
      await expect(prepareSchema(await open(), 'verify')).rejects.toThrow(SchemaNotReadyError);
    });
  }

  it('stays as it is when TypeORM synchronises, before and after', async () => {
    const entities = [Challenge, ...EVENT_SOURCING_ENTITIES];
    const database = await open({ entities, synchronize: true });
    await expect(prepareSchema(database, 'verify')).rejects.toThrow(SchemaNotReadyError);
    await prepareSchema(database, 'migrate');
    await append(database, 'a');
    const before = await describeTables(database);
    await database.dataSource.synchronize();
    const again = await open({ entities, synchronize: true });
    await again.dataSource.synchronize();
    expect(await describeTables(again)).toEqual(before);
    expect(await append(again, 'a')).toMatchObject({ recorded: false });
  });

  it('is made and taken back by migrations of the application', async () => {
    const database = await open({ migrations: eventSourcingMigrations({ onRevert: 'drop' }) });
    const { dataSource } = database;
    await dataSource.runMigrations();
    await prepareSchema(database, 'verify');
    expect(await append(database, 'a')).toMatchObject({ recorded: true });
    expect(await dataSource.runMigrations()).toEqual([]);
    const versions = versionsOf(database);
    for (let left = versions.length - 1; left > 0; left--) {
      await dataSource.undoLastMigration();
      const missing = versions.slice(left);
      await expect(prepareSchema(database, 'verify')).rejects.toMatchObject({ missing });
    }
    await dataSource.undoLastMigration();
    await expect(prepareSchema(database, 'verify')).rejects.toThrow(SchemaNotReadyError);
    expect((await tables(database)).filter((name) => name.startsWith('once_'))).toEqual([]);
    if (db.name === 'postgres') expect(await functions(database)).toEqual([]);
    await dataSource.runMigrations();
    expect(await append(database, 'a')).toMatchObject({ recorded: true });
  });

  it('is not taken back while it holds events, unless that is asked for; a revert of the application goes on after it', async () => {
    class Own1 implements MigrationInterface {
      name = 'Own1700000000000';

      async up(): Promise<void> {}

      async down(): Promise<void> {}
    }
    const database = await open({ migrations: [Own1, ...EVENT_SOURCING_MIGRATIONS] });
    await database.dataSource.runMigrations();
    await append(database, 'a');
    const position = `INSERT INTO once_follower_position (follower, version, upstream, position) VALUES ('Totals', 1, '', 7)`;
    await database.dataSource.query(position);
    const active = `INSERT INTO once_follower_active (name, version, highest, switched_at) VALUES ('Totals', 2, 2, 0)`;
    await database.dataSource.query(active);
    // A function, and what runs says so anew.
    await database.dataSource.undoLastMigration();
    await database.dataSource.undoLastMigration();
    const lane = `INSERT INTO once_follower_lane (follower, version, upstream, lane, lanes, up_to, position) VALUES ('Totals', 1, '', 0, 4, 9, 8)`;
    await database.dataSource.query(lane);
    await expect(database.dataSource.undoLastMigration()).rejects.toThrow(EventsWouldBeLostError);
    await database.dataSource.query('DELETE FROM once_follower_lane');
    await database.dataSource.undoLastMigration();
    await expect(database.dataSource.undoLastMigration()).rejects.toThrow(EventsWouldBeLostError);
    await database.dataSource.query('DELETE FROM once_follower_active');
    await database.dataSource.undoLastMigration();
    await expect(database.dataSource.undoLastMigration()).rejects.toThrow(EventsWouldBeLostError);
    await database.dataSource.query('DELETE FROM once_follower_position');
    await database.dataSource.undoLastMigration();
    const keys = `INSERT INTO once_subject_key (subject, created_at) VALUES ('anna', 0)`;
    await database.dataSource.query(keys);
    await expect(database.dataSource.undoLastMigration()).rejects.toThrow(EventsWouldBeLostError);
    await database.dataSource.query('DELETE FROM once_subject_key');
    for (const _ of versionsOf(database).slice(6)) await database.dataSource.undoLastMigration();
    await expect(database.dataSource.undoLastMigration()).rejects.toThrow(EventsWouldBeLostError);
    expect(await tables(database)).toContain('once_event');
    const keeping = await open({ migrations: [Own1, ...eventSourcingMigrations({ onRevert: 'keep' })] });
    const names = async () =>
      (await keeping.dataSource.query('SELECT name FROM migrations')).map(
        ({ name }: { name: string }) => name,
      );
    await keeping.dataSource.undoLastMigration();
    expect(await names()).toEqual(['Own1700000000000']);
    await keeping.dataSource.undoLastMigration();
    expect(await names()).toEqual([]);
    await keeping.dataSource.runMigrations();
    await prepareSchema(keeping, 'verify');
    expect(await append(keeping, 'a')).toMatchObject({ recorded: false });
  });

  it('says which words of a migration it knows', () => {
    expect(() => eventSourcingMigrations({ onRevert: 'keepit' as never })).toThrow(InvalidOptionError);
    expect(() => eventSourcingMigrations({ onrevert: 'keep' } as never)).toThrow(UnknownOptionError);
  });

  it('is upgraded by migrations of the application from its first version, which older processes go on with', async () => {
    const migrations = [...EVENT_SOURCING_MIGRATIONS];
    const older = await open({ migrations: migrations.slice(0, 1) });
    await older.dataSource.runMigrations();
    await insertAsBefore(older, 'before', 1);
    await expect(prepareSchema(older, 'verify')).rejects.toMatchObject({
      missing: versionsOf(older).slice(1),
    });
    const newer = await open({ migrations });
    await newer.dataSource.runMigrations();
    await prepareSchema(newer, 'verify');
    await insertAsBefore(older, 'meanwhile', 2);
    for (const key of ['before', 'meanwhile'])
      expect(await append(newer, key)).toMatchObject({ recorded: false });
    expect(await append(newer, 'after')).toMatchObject({ recorded: true });
  });

  it('is upgraded from its first version at bootstrap', async () => {
    const database = await open();
    await database.transaction((sql) => applyPending(database, sql, undefined, 1));
    await prepareSchema(database, 'migrate');
    await prepareSchema(database, 'verify');
    expect(await append(database, 'a')).toMatchObject({ recorded: true });
  });

  it('may be made by migrations where it is there already, and with another prefix', async () => {
    const first = await open();
    await prepareSchema(first, 'migrate');
    const migrations = [...EVENT_SOURCING_MIGRATIONS];
    await (await open({ migrations })).dataSource.runMigrations();
    expect(await append(first, 'a')).toMatchObject({ recorded: true });
    const other = await open(
      { migrations: eventSourcingMigrations({ prefix: 'app_' }), migrationsTableName: 'app_migrations' },
      { prefix: 'app_' },
    );
    await other.dataSource.runMigrations();
    await prepareSchema(other, 'verify');
  });

  it('can be read through repositories, whatever its prefix', async () => {
    const naming = { prefix: 'app_' };
    const process = await LogProcess.start(address, {
      naming,
      extra: { entities: eventSourcingEntities(naming) },
    });
    opened.push(process.database.dataSource);
    await process.registry.register([handler('Mails.send', '*')]);
    const [result] = await process.log.append([
      { group: 'app.A', key: 'a', data: { n: 1 }, orderKey: 'o', occurredAt: new Date(7) },
    ]);
    const { position } = result!.event!;
    const event = await process.database.dataSource.getRepository(EventEntity).findOneByOrFail({ key: 'a' });
    expect(event).toMatchObject({
      position,
      group: 'app.A',
      encoding: 'json',
      orderKey: 'o',
      occurredAt: 7,
      stream: null,
      streamVersion: null,
    });
    expect(JSON.parse(event.metadata)).toEqual({ correlationId: 'a', source: 'append' });
    const [delivery, ...rest] = await process.database.dataSource.getRepository(DeliveryEntity).find();
    expect(rest).toEqual([]);
    const { id } = process.registry.byName('Mails.send')!;
    expect(delivery).toMatchObject({
      handlerId: id,
      position,
      state: 0,
      attempts: 0,
      rescues: 0,
      workerId: null,
      error: null,
      failedAt: null,
    });
  });

  async function tables({ dataSource }: Database): Promise<string[]> {
    const rows: { name: string }[] = await dataSource.query(TABLES[db.dialect]);
    return rows.map(({ name }) => name);
  }

  async function functions(database: Database): Promise<string[]> {
    const rows: { proname: string }[] = await database.dataSource.query(
      "SELECT proname FROM pg_proc WHERE proname LIKE 'once%'",
    );
    return rows.map(({ proname }) => proname);
  }

  /** An event as the first version of the tables takes it, without what came later. */
  async function insertAsBefore(database: Database, key: string, position: number): Promise<void> {
    const columns = 'event_key, event_group, encoding, metadata, occurred_at, recorded_at, registry_version';
    const values = `'${key}', 'app.A', 'json', '{}', 1, 1, 0`;
    const own = db.dialect === 'mysql' ? [', position', `, ${position}`] : ['', ''];
    await database.dataSource.query(
      `INSERT INTO ${database.tables.event} (${columns}${own[0]}) VALUES (${values}${own[1]})`,
    );
  }

  /** Columns and indexes of the log's own tables. */
  async function describeTables(database: Database): Promise<unknown> {
    const runner = database.dataSource.createQueryRunner();
    const names = ['event', 'delivery', 'delivery_finished', 'handler', 'state'].map(
      (name) => `once_${name}`,
    );
    try {
      const found = await runner.getTables(names);
      return found.map(({ name, columns, indices, uniques }) => ({
        name,
        columns: columns.map((column) => [column.name, column.type, column.isNullable]),
        indices: indices.map((index) => [index.name, index.columnNames, index.isUnique]),
        uniques: uniques.map((unique) => unique.columnNames),
      }));
    } finally {
      await runner.release();
    }
  }
});
