import type { DataSource, EntityManager, EntitySubscriberInterface, InsertEvent, QueryRunner } from 'typeorm';
import { joinedRunner, outermostRunner } from '../../../lib/store/dialects/sqlite/gate/install-gate.js';
import { Account } from './account.js';
import { GatedDatabase, idsOf, turn } from './gated-database.js';

class Deliberate extends Error {}
const fail = (): never => {
  throw new Deliberate();
};

describe('calls inside of a transaction() callback that bypass its manager', () => {
  const database = new GatedDatabase();
  let dataSource: DataSource;
  beforeEach(async () => (dataSource = await database.open({}, { waitLimit: 10_000 })));
  afterEach(() => database.remove());

  const bypassing: [string, (id: string) => Promise<unknown>][] = [
    ['an injected repository', (id) => dataSource.getRepository(Account).save({ id })],
    ['the DataSource’s manager', (id) => dataSource.manager.insert(Account, { id })],
    ['dataSource.query', (id) => dataSource.query('INSERT INTO account (id, balance) VALUES (?, 0)', [id])],
    [
      'a query builder',
      (id) => dataSource.createQueryBuilder().insert().into(Account).values({ id }).execute(),
    ],
    ['dataSource.transaction', (id) => dataSource.transaction((manager) => manager.save(Account, { id }))],
    ['a query runner of its own', (id) => withOwnRunner(id)],
  ];

  async function withOwnRunner(id: string): Promise<void> {
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    await runner.manager.insert(Account, { id });
    await runner.commitTransaction();
    await runner.release();
  }

  it.each(bypassing)('join it and commit with it: %s', async (_name, write) => {
    await dataSource.transaction(async () => {
      await write('a');
      await turn();
      await write('b');
    });
    expect(await idsOf(dataSource)).toEqual(['a', 'b']);
  });

  it.each(bypassing)('roll back with it: %s', async (_name, write) => {
    const outcome = dataSource.transaction(async (manager) => {
      await write('a');
      await manager.save(Account, { id: 'b' });
      fail();
    });
    await expect(outcome).rejects.toThrow(Deliberate);
    expect(await idsOf(dataSource)).toEqual([]);
  });

  it('see what it has written', async () => {
    await dataSource.transaction(async (manager) => {
      await manager.insert(Account, { id: 'a' });
      expect(await idsOf(dataSource)).toEqual(['a']);
    });
  });

  it('roll back alone what a nested dataSource.transaction() wrote', async () => {
    await dataSource.transaction(async (manager) => {
      await manager.insert(Account, { id: 'outer' });
      const nested = dataSource.transaction(async (inner) => {
        await inner.insert(Account, { id: 'lost' });
        await dataSource.getRepository(Account).insert({ id: 'lost too' });
        await manager.insert(Account, { id: 'lost as well' });
        fail();
      });
      await expect(nested).rejects.toThrow(Deliberate);
      await dataSource.getRepository(Account).insert({ id: 'after' });
    });
    expect(await idsOf(dataSource)).toEqual(['after', 'outer']);
  });

  it('keep nested transactions apart that run side by side', async () => {
    const nested = (id: string, end: () => void) =>
      dataSource.transaction(async (manager) => {
        await manager.insert(Account, { id });
        await turn();
        await manager.insert(Account, { id: `${id}-2` });
        end();
      });
    await dataSource.transaction(async () => {
      await Promise.allSettled([
        nested('kept', () => undefined),
        nested('lost', fail),
        dataSource.getRepository(Account).insert({ id: 'beside' }),
        nested('kept too', () => undefined),
      ]);
    });
    expect(await idsOf(dataSource)).toEqual(['beside', 'kept', 'kept too', 'kept too-2', 'kept-2']);
  });

  it('leave the transaction to its owner: a joined runner can neither commit nor roll it back', async () => {
    await dataSource.transaction(async (manager) => {
      await manager.insert(Account, { id: 'a' });
      const joined = dataSource.createQueryRunner();
      expect(joined.isTransactionActive).toBe(true);
      await joined.rollbackTransaction();
      await joined.commitTransaction();
      await joined.release();
      await using disposed = dataSource.createQueryRunner();
      await disposed.manager.insert(Account, { id: 'b' });
    });
    expect(await idsOf(dataSource)).toEqual(['a', 'b']);
  });

  it('join from a runner that was made outside, which then is free again', async () => {
    const outside = dataSource.createQueryRunner();
    const outcome = dataSource.transaction(async () => {
      await outside.manager.save(Account, { id: 'a' });
      fail();
    });
    await expect(outcome).rejects.toThrow(Deliberate);
    expect(outside.isTransactionActive).toBe(false);
    await outside.manager.save(Account, { id: 'b' });
    await outside.release();
    expect(await idsOf(dataSource)).toEqual(['b']);
  });

  it('are on their own once the transaction has ended', async () => {
    let ended = () => {};
    const end = new Promise<void>((resolve) => (ended = resolve));
    let afterwards: Promise<unknown> | undefined;
    const transaction = dataSource.transaction(async () => {
      afterwards = end.then(async () => {
        expect(joinedRunner(dataSource)).toBeUndefined();
        await dataSource.getRepository(Account).save({ id: 'later' });
        await dataSource.transaction((manager) => manager.save(Account, { id: 'later still' }));
      });
      fail();
    });
    await expect(transaction).rejects.toThrow(Deliberate);
    ended();
    await afterwards;
    expect(await idsOf(dataSource)).toEqual(['later', 'later still']);
  });

  it('do not join, once the transaction has ended, the next one', async () => {
    let go = () => {};
    const gone = new Promise<void>((resolve) => (go = resolve));
    let afterwards: Promise<unknown> | undefined;
    await dataSource.transaction(async () => {
      afterwards = gone.then(() => {
        expect(joinedRunner(dataSource)).toBeUndefined();
        return dataSource.getRepository(Account).save({ id: 'later' });
      });
    });
    const next = dataSource.createQueryRunner();
    await next.startTransaction();
    go();
    await turn();
    await next.rollbackTransaction();
    await Promise.all([afterwards, next.release()]);
    expect(await idsOf(dataSource)).toEqual(['later']);
  });

  it('do not join a transaction of another call', async () => {
    await Promise.allSettled([
      dataSource.transaction(async () => {
        await turn();
        fail();
      }),
      dataSource.getRepository(Account).insert({ id: 'a' }),
    ]);
    expect(await idsOf(dataSource)).toEqual(['a']);
  });
});

describe('the runner of the transaction around', () => {
  const database = new GatedDatabase();
  afterEach(() => database.remove());

  it('is known inside of it and nowhere else', async () => {
    const dataSource = await database.open();
    expect(joinedRunner(dataSource)).toBeUndefined();
    await dataSource.transaction(async (manager) => {
      expect(joinedRunner(dataSource)).toBe(manager.queryRunner);
      await dataSource.transaction(async (inner) => {
        expect(joinedRunner(dataSource)).toBe(manager.queryRunner);
        expect(inner.queryRunner).not.toBe(manager.queryRunner);
        expect(outermostRunner(inner.queryRunner!)).toBe(manager.queryRunner);
        expect(depthOf(inner)).toBe(depthOf(manager) + 1);
      });
    });
    expect(joinedRunner(dataSource)).toBeUndefined();
    const runner = dataSource.createQueryRunner();
    expect(outermostRunner(runner)).toBe(runner);
  });

  const depthOf = (manager: EntityManager) =>
    (manager.queryRunner as unknown as { transactionDepth: number }).transactionDepth;

  it('is joined by subscribers that bypass their event’s manager, and is over after its commit', async () => {
    const audit: string[] = [];
    const seen: (QueryRunner | undefined)[] = [];
    const subscriber: EntitySubscriberInterface<Account> = {
      listenTo: () => Account,
      async afterInsert({ entity, queryRunner }: InsertEvent<Account>) {
        if (entity.id.startsWith('audit')) return;
        seen.push(joinedRunner(dataSource));
        expect(seen).toEqual([queryRunner]);
        await dataSource.getRepository(Account).save({ id: `audit-${entity.id}` });
      },
      async afterTransactionCommit() {
        if (joinedRunner(dataSource)) return;
        audit.push(...(await idsOf(dataSource)));
      },
      async beforeQuery({ query }: { query: string }) {
        if (query.startsWith('INSERT')) await dataSource.query('SELECT 1');
      },
    };
    const dataSource = await database.open();
    dataSource.subscribers.push(subscriber);
    await dataSource.getRepository(Account).save({ id: 'a' });
    expect(audit).toEqual(['a', 'audit-a']);
  });
});
