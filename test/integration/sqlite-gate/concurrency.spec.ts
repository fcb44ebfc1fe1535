import type { DataSource } from 'typeorm';
import { Account } from './account.js';
import { GatedDatabase, idsOf, turn } from './gated-database.js';

const TRANSACTIONS = 200;
const INSERTS = 100;
const RUNNERS = 50;

const range = (count: number) => [...Array(count).keys()];
const isRolledBack = (number: number) => number % 3 === 0;

class Deliberate extends Error {}

async function transaction(dataSource: DataSource, number: number): Promise<void> {
  await dataSource.transaction(async (manager) => {
    await manager.save(Account, { id: `outer-${number}`, balance: 1 });
    await turn();
    await manager.transaction(async (inner) => {
      await inner.save(Account, { id: `inner-${number}`, balance: 1 });
      await turn();
      await inner.increment(Account, { id: `outer-${number}` }, 'balance', 1);
    });
    if (isRolledBack(number)) throw new Deliberate();
  });
}

async function ownRunner(dataSource: DataSource, number: number): Promise<void> {
  const runner = dataSource.createQueryRunner();
  try {
    await runner.startTransaction();
    await runner.manager.insert(Account, { id: `runner-${number}` });
    await turn();
    await runner.query('UPDATE account SET balance = balance + 1 WHERE id = ?', [`runner-${number}`]);
    if (isRolledBack(number)) await runner.rollbackTransaction();
    else await runner.commitTransaction();
  } finally {
    await runner.release();
  }
}

describe('concurrent use of one SQLite DataSource', () => {
  const database = new GatedDatabase();
  afterEach(() => database.remove());

  it('keeps transactions, autocommit writes and own query runners apart', async () => {
    const dataSource = await database.open({ enableWAL: true });
    const repository = dataSource.getRepository(Account);
    const outcomes = await Promise.allSettled([
      ...range(TRANSACTIONS).map((number) => transaction(dataSource, number)),
      ...range(INSERTS).map((number) => repository.insert({ id: `insert-${number}` })),
      ...range(RUNNERS).map((number) => ownRunner(dataSource, number)),
    ]);

    const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
    expect(errors.filter((error) => !(error instanceof Deliberate))).toEqual([]);
    expect(errors).toHaveLength(range(TRANSACTIONS).filter(isRolledBack).length);
    const committed = (count: number) => range(count).filter((number) => !isRolledBack(number));
    const expected = new Map([
      ...committed(TRANSACTIONS).flatMap((number): [string, number][] => [
        [`outer-${number}`, 2],
        [`inner-${number}`, 1],
      ]),
      ...range(INSERTS).map((number): [string, number] => [`insert-${number}`, 0]),
      ...committed(RUNNERS).map((number): [string, number] => [`runner-${number}`, 1]),
    ]);
    const rows = await repository.find();
    expect(new Map(rows.map(({ id, balance }) => [id, balance]))).toEqual(expected);
  });

  it('runs several statements of one query runner side by side', async () => {
    const dataSource = await database.open();
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    await Promise.all(range(20).map((number) => runner.manager.insert(Account, { id: `${number}` })));
    await runner.commitTransaction();
    await runner.release();
    expect(await idsOf(dataSource)).toHaveLength(20);
  });

  it('keeps statements of one text apart, also where a subscriber holds one up or sends its own', async () => {
    const dataSource = await database.open();
    const runner = dataSource.createQueryRunner();
    const ask = (value: string) => runner.manager.query<{ value: string }[]>('SELECT ? AS value', [value]);
    const answered: string[] = [];
    dataSource.subscribers.push({
      beforeQuery: async ({ parameters }) => {
        const [value] = (parameters ?? []) as unknown[];
        if (value === 'held up') for (let turns = 0; turns < 5; turns++) await turn();
        if (value === 'asks') answered.push((await ask('asked'))[0]!.value);
      },
    });
    const values = ['held up', 'passes', 'asks', 'last'];
    await runner.startTransaction();
    const rows = await Promise.all(values.map(ask));
    await runner.commitTransaction();
    await runner.release();
    expect(rows).toEqual(values.map((value) => [{ value }]));
    expect(answered).toEqual(['asked']);
  });

  it('lets transactions begin in the order of their calls', async () => {
    const dataSource = await database.open();
    const order: number[] = [];
    await Promise.all(
      range(20).map((number) =>
        dataSource.transaction(async () => {
          order.push(number);
          await turn();
        }),
      ),
    );
    expect(order).toEqual(range(20));
  });
});
