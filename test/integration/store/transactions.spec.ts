import { DataSource, type EntitySubscriberInterface } from 'typeorm';
import { Database } from '../../../lib/store/db/database.js';
import { describeEachDatabase } from '../../support/databases.js';

const REFUSED = new Error('refused by a subscriber');

/** Fails at one of the steps by which a transaction begins. */
const failures: [step: string, subscriber: EntitySubscriberInterface][] = [
  ['before it', { beforeTransactionStart: () => Promise.reject(REFUSED) }],
  ['after it', { afterTransactionStart: () => Promise.reject(REFUSED) }],
  [
    'between its statements',
    {
      beforeQuery: ({ query }) => {
        if (/^SET TRANSACTION|^START TRANSACTION|^BEGIN|^SAVEPOINT/.test(query) && begun++ > 0) throw REFUSED;
      },
    },
  ],
];
let begun = 0;

describeEachDatabase('a transaction that fails to begin', (db) => {
  let database: Database;
  let outside: DataSource;

  beforeEach(async () => {
    // On SQLite one statement is all that there is.
    begun = db.name === 'sqlite' ? 1 : 0;
    const options = await db.options({ poolSize: 1 });
    const dataSource = await new DataSource(options).initialize();
    outside = await new DataSource(options).initialize();
    database = new Database(dataSource, { prefix: 'once_' });
    database.dialect.driver.install?.(dataSource);
    await dataSource.query('CREATE TABLE note (text varchar(20))');
  });

  afterEach(async () => {
    await database.dataSource.destroy();
    await outside.destroy();
  });

  const write = (text: string) => (sql: { change(statement: string): Promise<unknown> }) =>
    sql.change(`INSERT INTO note (text) VALUES ('${text}')`);
  const notes = async () =>
    (await outside.query<{ text: string }[]>('SELECT text FROM note ORDER BY text')).map(({ text }) => text);
  const failing = async (subscriber: EntitySubscriberInterface, work: () => Promise<unknown>) => {
    const { subscribers } = database.dataSource;
    subscribers.push(subscriber);
    await expect(work()).rejects.toThrow(REFUSED.message);
    subscribers.splice(0);
  };

  it.each(failures)('%s leaves nothing open on the connection', async (_step, subscriber) => {
    await failing(subscriber, () => database.transaction(write('lost')));
    await database.run(write('a'));
    expect(await notes()).toEqual(['a']);
    await database.transaction(write('b'));
    expect(await notes()).toEqual(['a', 'b']);
  });

  // A runner that TypeORM has left between the statements of a beginning, nobody can use any more.
  it.each(failures.slice(0, 2))(
    '%s leaves a runner of the application as it was',
    async (_step, subscriber) => {
      const runner = database.dataSource.createQueryRunner();
      await failing(subscriber, () => database.transactionOn(runner, write('lost')));
      expect(runner.isTransactionActive).toBe(false);
      await database.transactionOn(runner, write('a'));
      expect(await notes()).toEqual(['a']);
      await runner.release();
    },
  );

  if (db.name !== 'sqlite') return;

  it.each(failures)('%s inside of another leaves that open', async (_step, subscriber) => {
    begun = 1;
    const runner = database.dataSource.createQueryRunner();
    await runner.startTransaction();
    await write('a')(database.on(runner));
    await failing(subscriber, () => database.transactionOn(runner, write('lost')));
    await write('b')(database.on(runner));
    expect(await notes()).toEqual([]);
    await runner.commitTransaction();
    await runner.release();
    expect(await notes()).toEqual(['a', 'b']);
  });
});
