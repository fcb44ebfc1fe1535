import { DataSource, type MigrationInterface, type QueryRunner } from 'typeorm';
import { installGate } from '../../../lib/store/dialects/sqlite/gate/install-gate.js';
import { dataSourceOptionsFrom } from '../../support/data-source-options.js';
import { Account } from './account.js';
import { GatedDatabase, idsOf, turn } from './gated-database.js';

class CreateNotes1700000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE note (id INTEGER PRIMARY KEY)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE note');
  }
}

class Failing1700000000001 implements MigrationInterface {
  up(): Promise<void> {
    return Promise.reject(new Error('deliberate'));
  }

  async down(): Promise<void> {}
}

describe('a DataSource with the gate', () => {
  const database = new GatedDatabase();
  afterEach(() => database.remove());

  const foreignKeys = async (dataSource: DataSource) =>
    (await dataSource.query<[{ foreign_keys: number }]>('PRAGMA foreign_keys'))[0].foreign_keys;

  it('migrates forth and back while others write', async () => {
    const dataSource = await database.open({ migrations: [CreateNotes1700000000000] });
    const repository = dataSource.getRepository(Account);
    const [run] = await Promise.all([
      dataSource.runMigrations(),
      ...['a', 'b', 'c'].map((id) => repository.save({ id })),
    ]);
    expect(run).toHaveLength(1);
    await dataSource.query('INSERT INTO note VALUES (1)');
    await dataSource.undoLastMigration();
    await expect(dataSource.query('SELECT * FROM note')).rejects.toThrow('no such table');
    expect(await idsOf(dataSource)).toEqual(['a', 'b', 'c']);
    expect(await foreignKeys(dataSource)).toBe(1);
  });

  it('has foreign keys on again after a migration that failed', async () => {
    const dataSource = await database.open({ migrations: [Failing1700000000001] });
    await expect(dataSource.runMigrations()).rejects.toThrow('deliberate');
    expect(await foreignKeys(dataSource)).toBe(1);
  });

  it('lets nobody in while a migration has foreign keys off', async () => {
    const dataSource = await database.open();
    const runner = dataSource.createQueryRunner() as QueryRunner &
      Record<'beforeMigration' | 'afterMigration', () => Promise<void>>;
    await runner.beforeMigration();
    expect(await runner.query('PRAGMA foreign_keys')).toEqual([{ foreign_keys: 0 }]);
    const other = foreignKeys(dataSource);
    await turn();
    await runner.afterMigration();
    expect(await other).toBe(1);
    await runner.release();
  });

  it('waits with a migration for a transaction that is open', async () => {
    const dataSource = await database.open({ migrations: [CreateNotes1700000000000] });
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    const migrated = dataSource.runMigrations();
    for (let i = 0; i < 20; i += 1) await turn();
    await runner.query('CREATE TABLE other (id INTEGER PRIMARY KEY)');
    const during: unknown = await runner.query('PRAGMA foreign_keys');
    await runner.commitTransaction();
    await runner.release();
    await migrated;
    expect(during).toEqual([{ foreign_keys: 1 }]);
  });

  it('synchronises and drops its schema', async () => {
    const dataSource = await database.open({ synchronize: false });
    await dataSource.synchronize();
    await dataSource.getRepository(Account).save({ id: 'a' });
    await dataSource.synchronize(true);
    expect(await idsOf(dataSource)).toEqual([]);
    await dataSource.dropDatabase();
    await expect(idsOf(dataSource)).rejects.toThrow('no such table');
  });

  it('can be destroyed within a transaction and initialised again', async () => {
    const dataSource = await database.open();
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    await runner.manager.insert(Account, { id: 'lost' });
    const waiting = dataSource.query('SELECT 1');
    await dataSource.destroy();
    await expect(waiting).rejects.toThrow();
    await runner.release();
    await dataSource.initialize();
    await dataSource.transaction((manager) => manager.insert(Account, { id: 'a' }));
    expect(await idsOf(dataSource)).toEqual(['a']);
  });

  it('takes the gate once, also before it is initialised', async () => {
    const dataSource = new DataSource(
      dataSourceOptionsFrom(
        { name: 'sqlite', url: database.file },
        { entities: [Account], synchronize: true },
      ),
    );
    installGate(dataSource);
    const { createQueryRunner } = dataSource.driver;
    installGate(dataSource);
    expect(dataSource.driver.createQueryRunner).toBe(createQueryRunner);
    await dataSource.initialize();
    expect(await dataSource.query('PRAGMA busy_timeout')).toEqual([{ timeout: 0 }]);
    await dataSource.destroy();
  });

  it('takes over a transaction that began before it', async () => {
    const dataSource = new DataSource(
      dataSourceOptionsFrom(
        { name: 'sqlite', url: database.file },
        { entities: [Account], synchronize: true },
      ),
    );
    await dataSource.initialize();
    const early = dataSource.createQueryRunner();
    await early.startTransaction();
    installGate(dataSource);
    const later = dataSource.getRepository(Account).insert({ id: 'later' });
    await early.manager.insert(Account, { id: 'lost' });
    await early.rollbackTransaction();
    await later;
    expect(await idsOf(dataSource)).toEqual(['later']);
    await dataSource.destroy();
  });
});
