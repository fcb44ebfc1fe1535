import type { DataSource } from 'typeorm';
import {
  SqliteGateTimeoutError,
  SqliteTransactionEndedError,
} from '../../../lib/store/dialects/sqlite/gate/errors.js';
import { Account } from './account.js';
import { GatedDatabase, idsOf, turn } from './gated-database.js';

describe('a query runner of the application', () => {
  const database = new GatedDatabase();
  let dataSource: DataSource;
  beforeEach(async () => (dataSource = await database.open()));
  afterEach(() => database.remove());

  const insert = (id: string) => `INSERT INTO account (id, balance) VALUES ('${id}', 0)`;

  it('has savepoints of its own', async () => {
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    await runner.query(insert('a'));
    await runner.startTransaction();
    await runner.query(insert('b'));
    await runner.startTransaction();
    await runner.query(insert('c'));
    await runner.rollbackTransaction();
    await runner.commitTransaction();
    await runner.commitTransaction();
    await runner.release();
    expect(await idsOf(dataSource)).toEqual(['a', 'b']);
  });

  it('holds the connection from a raw BEGIN to a raw ROLLBACK', async () => {
    const runner = dataSource.createQueryRunner();
    await runner.query('BEGIN');
    const other = dataSource.query(insert('other'));
    await turn();
    await runner.query(insert('lost'));
    await runner.query('ROLLBACK');
    await other;
    await runner.query(insert('kept'));
    await runner.release();
    expect(await idsOf(dataSource)).toEqual(['kept', 'other']);
  });

  it('may send statements without awaiting the raw BEGIN before them', async () => {
    const runner = dataSource.createQueryRunner();
    const other = dataSource.query(insert('other'));
    await Promise.all([
      runner.query('BEGIN'),
      runner.query(insert('lost')),
      runner.query('ROLLBACK'),
      runner.query(insert('kept')),
    ]);
    await Promise.all([other, runner.release()]);
    expect(await idsOf(dataSource)).toEqual(['kept', 'other']);
  });

  it('is rolled back when it is released with an open transaction', async () => {
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    await runner.query(insert('lost'));
    const other = dataSource.query(insert('other'));
    await runner.release();
    await other;
    expect(await idsOf(dataSource)).toEqual(['other']);
  });

  it('is rolled back to its savepoint when it is released inside of another’s transaction', async () => {
    await dataSource.transaction(async (manager) => {
      await manager.insert(Account, { id: 'outer' });
      const runner = dataSource.createQueryRunner();
      await runner.startTransaction();
      await runner.query(insert('lost'));
      await runner.release();
    });
    expect(await idsOf(dataSource)).toEqual(['outer']);
  });

  it('keeps its transaction when a commit fails', async () => {
    await dataSource.query(
      'CREATE TABLE entry (account TEXT REFERENCES account (id) DEFERRABLE INITIALLY DEFERRED)',
    );
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    await runner.query("INSERT INTO entry VALUES ('a')");
    const other = dataSource.query(insert('other'));
    await expect(runner.commitTransaction()).rejects.toThrow('FOREIGN KEY');
    await runner.query(insert('a'));
    await runner.commitTransaction();
    await Promise.all([other, runner.release()]);
    expect(await idsOf(dataSource)).toEqual(['a', 'other']);
  });

  it('refuses what belonged to a transaction that SQLite has rolled back', async () => {
    await dataSource.query(insert('a'));
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    await runner.query(insert('b'));
    await expect(runner.query("INSERT OR ROLLBACK INTO account VALUES ('a', 0)")).rejects.toThrow('UNIQUE');
    await expect(runner.query(insert('c'))).rejects.toBeInstanceOf(SqliteTransactionEndedError);
    await runner.rollbackTransaction();
    await runner.query(insert('d'));
    await runner.release();
    expect(await idsOf(dataSource)).toEqual(['a', 'd']);
  });

  it('is named to those who wait too long for it', async () => {
    const dataSource = await database.open({}, { waitLimit: 100 });
    const runner = dataSource.createQueryRunner();
    await startHere(runner);
    const waiters = [
      dataSource.query('SELECT 1'),
      dataSource.transaction(async () => undefined),
      dataSource.getRepository(Account).save({ id: 'a' }),
    ];
    for (const outcome of await Promise.allSettled(waiters)) {
      const error = (outcome as PromiseRejectedResult).reason as SqliteGateTimeoutError;
      expect(error).toBeInstanceOf(SqliteGateTimeoutError);
      expect(error).toMatchObject({ code: 'SQLITE_GATE_TIMEOUT', waitLimit: 100 });
      expect(error.holder).toContain('startHere');
      expect(error.holder).toContain('query-runners.spec.ts');
      expect(error.holder).not.toContain('typeorm');
    }
    await runner.commitTransaction();
    await runner.release();
    expect(await idsOf(dataSource)).toEqual([]);
  });

  async function startHere(runner: { startTransaction(): Promise<void> }): Promise<void> {
    await runner.startTransaction();
  }
});
