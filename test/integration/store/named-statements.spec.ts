import type { QueryRunner } from 'typeorm';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';

/** As `pg` has it. */
interface Client {
  processID: number;
  connection: { parsedStatements: Record<string, string> };
}

describeEachDatabase('the append of one event', (db) => {
  let application: TestApplication;
  let runner: QueryRunner;

  beforeEach(async () => {
    application = await startApplication({ database: await db.options({ poolSize: 1 }) });
    runner = application.dataSource.createQueryRunner();
    await runner.connect();
  });

  afterEach(async () => {
    await runner.release();
    await application.close();
  });

  const client = async () => (await runner.connect()) as Client;
  const names = async () => Object.keys((await client()).connection.parsedStatements);
  const append = async (key: string) => {
    const { recorded } = await application.log.append({ group: 'made', key }, { manager: runner.manager });
    return recorded;
  };
  const transaction = async (work: () => Promise<unknown>) => {
    await runner.startTransaction();
    await work();
    await runner.commitTransaction();
  };

  it('records a key once', async () => {
    await transaction(async () => {
      expect(await append('made_1')).toBe(true);
      expect(await append('made_1')).toBe(false);
    });
    await runner.release();
    expect(await application.log.get('made_1')).toMatchObject({ key: 'made_1', group: 'made' });
  });

  if (db.name !== 'postgres') return;

  it('is a named statement on a connection of the client’s own', async () => {
    await transaction(() => append('made_1'));
    expect(await names()).toContainEqual(expect.stringMatching(/^once_/));
  });

  it('has no name behind a pooler, which tells its clients other process ids than the server’s', async () => {
    (await client()).processID += 1;
    await transaction(() => append('made_1'));
    expect(await names()).toEqual([]);
  });

  it.each(['DISCARD ALL', 'deallocate prepare all', 'SELECT 1; DEALLOCATE ALL; SELECT 2'])(
    'goes on, by name, after %s',
    async (reset) => {
      await transaction(() => append('made_1'));
      await runner.query(reset);
      await transaction(async () => expect(await append('made_2')).toBe(true));
      expect(await names()).toContainEqual(expect.stringMatching(/^once_/));
    },
  );

  it('goes on in the transaction in which statements are dropped, and after its rollback', async () => {
    await transaction(() => append('made_1'));
    await runner.startTransaction();
    await runner.query('DEALLOCATE ALL');
    expect(await append('made_2')).toBe(true);
    await runner.query('DEALLOCATE ALL');
    await runner.rollbackTransaction();
    await transaction(async () => expect(await append('made_2')).toBe(true));
  });

  it('fails once after a function has dropped statements, and goes on without names', async () => {
    await transaction(() => append('made_1'));
    await runner.query(`DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$`);
    await runner.startTransaction();
    await expect(append('made_2')).rejects.toMatchObject({ driverError: { code: '26000' } });
    await runner.rollbackTransaction();
    await transaction(async () => {
      expect(await append('made_2')).toBe(true);
      expect(await append('made_2')).toBe(false);
    });
  });
});
