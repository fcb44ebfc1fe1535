import { DataSource, type QueryRunner } from 'typeorm';
import { dialectOf } from '../../../lib/store/dialects.js';
import { postponeBegin } from '../../../lib/store/postgres/postponed-begin.js';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';

/** As `pg` has it. */
interface Client {
  query(statement: object): Promise<{ rows: unknown[] }>;
}

describeEachDatabase('a beginning that goes with the first statement', (db) => {
  if (db.name !== 'postgres') {
    return it('is for PostgreSQL alone', async () => {
      expect(dialectOf(new DataSource(await db.options({}))).postponeBegin).toBeUndefined();
    });
  }

  let application: TestApplication;
  let runner: QueryRunner;
  let answers: number;

  beforeEach(async () => {
    application = await startApplication({ database: await db.options({}), options: { dispatch: 'none' } });
    await application.dataSource.query('CREATE TABLE note (text text PRIMARY KEY)');
    runner = application.dataSource.createQueryRunner();
    const { connection } = (await runner.connect()) as { connection: NodeJS.EventEmitter };
    connection.on('readyForQuery', (message: { length?: number }) => {
      // One that the server sent.
      if (message.length !== undefined) answers++;
    });
    await begin();
    answers = 0;
  });

  afterEach(async () => {
    await runner.release();
    await application.close();
  });

  const begin = async () => {
    await postponeBegin(runner);
    await runner.startTransaction();
  };
  const insert = (text: string) => runner.query('INSERT INTO note VALUES ($1)', [text]);
  const notes = async () =>
    (await application.dataSource.query<{ text: string }[]>('SELECT text FROM note ORDER BY 1')).map(
      ({ text }) => text,
    );

  it.each([
    ['with parameters', () => insert('one')],
    ['without', () => runner.query("INSERT INTO note VALUES ('one')")],
    ['with a name', async () => client((it) => it.query({ name: 'one', ...ONE }))],
  ])('takes one round trip with a statement %s', async (_, statement) => {
    await statement();
    expect(answers).toBe(1);
    expect(await notes()).toEqual([]);
    await runner.rollbackTransaction();
    expect(await notes()).toEqual([]);
    await begin();
    await statement();
    await runner.commitTransaction();
    expect(await notes()).toEqual(['one']);
  });

  it('answers with the rows of the statement alone', async () => {
    expect(await runner.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await runner.commitTransaction();
    await begin();
    expect(await runner.query('SELECT $1::integer AS one', [1])).toEqual([{ one: 1 }]);
    await runner.commitTransaction();
  });

  it('is there when the first statement fails, as the server has it', async () => {
    await expect(insert(null as never)).rejects.toThrow('null value');
    await expect(insert('one')).rejects.toThrow('transaction is aborted');
    await runner.rollbackTransaction();
    await insert('two');
    expect(await notes()).toEqual(['two']);
  });

  it.each([
    ['with parameters', [1]],
    ['without', undefined],
  ])('leaves nothing outside of the transaction behind an error of syntax %s', async (_, parameters) => {
    await expect(runner.query('SELEC $1', parameters)).rejects.toMatchObject({
      driverError: { position: '1' },
    });
    await insert('one').catch(() => undefined);
    await runner.rollbackTransaction();
    expect(await notes()).toEqual([]);
  });

  it('is asked for anew each time', async () => {
    await insert('one');
    await runner.commitTransaction();
    answers = 0;
    await runner.startTransaction();
    expect(answers).toBe(1);
    await insert('two');
    await runner.rollbackTransaction();
    expect(await notes()).toEqual(['one']);
  });

  it('ends without a statement', async () => {
    await runner.commitTransaction();
    await begin();
    await runner.rollbackTransaction();
    await insert('one');
    expect(await notes()).toEqual(['one']);
  });

  it('has savepoints in it', async () => {
    await runner.startTransaction();
    await insert('one');
    await runner.rollbackTransaction();
    await insert('two');
    await runner.commitTransaction();
    expect(await notes()).toEqual(['two']);
  });

  const ONE = { text: 'INSERT INTO note VALUES ($1)', values: ['one'] };
  const client = async (use: (client: Client) => Promise<unknown>) => use((await runner.connect()) as Client);
});
