import { strict as assert } from 'node:assert';
import type { EntityManager } from 'typeorm';
import { type BenchCheck, eventRow, type LogBench, positionsOf, RolledBack, Signal } from './log-bench.js';

const ROUNDS = 25;

export const contentionChecks: readonly BenchCheck[] = [
  {
    name: 'records a key once when two connections append it at the same time',
    async run(bench: LogBench): Promise<void> {
      for (let round = 0; round < ROUNDS; round++) {
        const key = bench.unique('race');
        const both = await Promise.all(
          [0, 1].map((number) => bench.append([eventRow(key, { group: `group ${number}` })], number)),
        );
        assert.equal(both.filter(([result]) => result!.kind === 'recorded').length, 1);
      }
    },
  },
  {
    name: 'lets two transactions append the same keys in opposite orders, each in one call, without deadlock',
    async run(bench: LogBench): Promise<void> {
      for (let round = 0; round < ROUNDS; round++) {
        const keys = Array.from({ length: 400 }, () => bench.unique('opposite'));
        const counts = await Promise.all([
          inTransaction(bench, 0, (append) => append(keys)),
          inTransaction(bench, 1, (append) => append(keys.toReversed())),
        ]);
        assert.equal(counts[0] + counts[1], keys.length);
      }
    },
  },
  {
    name: 'records a key once when its owner rolls back while two others wait for it',
    async run(bench: LogBench): Promise<void> {
      for (let round = 0; round < ROUNDS; round++) {
        const keys = [bench.unique('owned'), bench.unique('owned')];
        const owner = new Signal();
        const owned = inTransaction(bench, 0, async (append) => {
          await append(keys);
          owner.give();
          await roundTrips(bench, round % 8);
          throw new RolledBack();
        });
        owned.catch(() => undefined);
        await owner.given;
        const rows = keys.map((key) => eventRow(key));
        const appended = (await Promise.all([1, 2].map((number) => bench.append(rows, number)))).flat();
        await assert.rejects(owned, RolledBack);
        assert.equal(appended.filter(({ kind }) => kind === 'recorded').length, keys.length);
      }
    },
  },
  {
    name: 'fails none of the transactions of the application that wait for an owner which rolls back',
    async run(bench: LogBench): Promise<void> {
      for (let round = 0; round < ROUNDS; round++) {
        const keys = [bench.unique('owned'), bench.unique('owned')];
        const owner = new Signal();
        const owned = inTransaction(bench, 0, async (append) => {
          await append(keys);
          owner.give();
          await roundTrips(bench, round % 8);
          throw new RolledBack();
        });
        owned.catch(() => undefined);
        await owner.given;
        const counts = await Promise.all(
          [1, 2, 4].map((number) => inTransaction(bench, number, (append) => append(keys))),
        );
        await assert.rejects(owned, RolledBack);
        assert.equal(
          counts.reduce((sum, count) => sum + count),
          keys.length,
        );
      }
    },
  },
  {
    name: 'lets the others have the key for theirs when its owner commits',
    async run(bench: LogBench): Promise<void> {
      const key = bench.unique('owned');
      const owner = new Signal();
      const owned = inTransaction(bench, 0, async (append) => {
        const count = await append([key]);
        owner.give();
        await roundTrips(bench, 5);
        return count;
      });
      await owner.given;
      const others = await Promise.all(
        [1, 2].map((number) =>
          inTransaction(bench, number, async (append) => [
            await append([key]),
            await append([bench.unique('goes on')]),
          ]),
        ),
      );
      assert.deepEqual([await owned, ...others], [1, [0, 1], [0, 1]]);
    },
  },
  {
    name: 'gives way: where another transaction holds a key, this one fails in time with a lock conflict',
    async run(bench: LogBench): Promise<void> {
      const [own, database] = [await bench.database(), await bench.database(1)];
      const key = bench.unique('held');
      const held = new Signal();
      const done = new Signal();
      const holder = own.dataSource.transaction(async (manager) => {
        positionsOf(await bench.appendIn(manager, [eventRow(key)]));
        held.give();
        await done.given;
      });
      await held.given;
      if (!database.dialect.can.pool) done.give();
      const yielding = database.transactionOnce((sql) =>
        database.dialect.locks.yielding(sql, () =>
          database.dialect.log.append(sql, database.tables, [eventRow(key)], database.time()),
        ),
      );
      if (!database.dialect.can.pool) await yielding;
      else
        await assert.rejects(yielding, (error) =>
          ['lock', 'conflict'].includes(database.dialect.transactions.failure(error)),
        );
      done.give();
      await holder;
      // The connection that gave way is as good as before.
      positionsOf(await bench.append([eventRow(bench.unique('free'))], 1));
    },
  },
];

/**
 * Runs a transaction of the application, READ COMMITTED where there is a choice, through the DataSource of this number;
 * `append` says how many were new.
 */
async function inTransaction<T>(
  bench: LogBench,
  number: number,
  work: (append: (keys: readonly string[]) => Promise<number>) => Promise<T>,
): Promise<T> {
  const { dataSource, dialect } = await bench.database(number);
  const run = async (manager: EntityManager) =>
    work(async (keys) => {
      const appended = await bench.appendIn(
        manager,
        keys.map((key) => eventRow(key)),
      );
      return appended.filter(({ kind }) => kind === 'recorded').length;
    });
  return dialect.transactions.isolation
    ? dataSource.transaction(dialect.transactions.isolation, run)
    : dataSource.transaction(run);
}

/** Lets others get to where they wait: there is no signal for that which every database gives. */
async function roundTrips(bench: LogBench, count: number): Promise<void> {
  const { dataSource } = await bench.database(3);
  for (let trip = 0; trip < count; trip++) await dataSource.query('SELECT 1');
}
