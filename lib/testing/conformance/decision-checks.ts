import { strict as assert } from 'node:assert';
import type { EntityManager } from 'typeorm';
import type { Database } from '../../store/db/database.js';
import type { Boundary, BucketLocks, LockWait, Match } from '../../store/ports/decision-sql.js';
import type { Appended } from '../../store/ports/rows.js';
import type { Sql } from '../../store/ports/sql.js';
import { bucketsOf } from '../../store/ports/tag-buckets.js';
import { type BenchCheck, eventRow, type LogBench, positionsOf, Signal } from './log-bench.js';

/** A decision of these checks waits for a moment. */
const WAIT: LockWait = { left: 50, tries: 0 };

export const decisionChecks: readonly BenchCheck[] = [
  {
    name: 'decisions: finds what has all tags of an item, is of its groups, and was not seen',
    async run(bench: LogBench): Promise<void> {
      const [a, b] = [bench.unique('tag'), bench.unique('tag')];
      const [first, second, third, fourth] = positionsOf(
        await bench.append([
          eventRow(bench.unique('event'), { tags: [a], group: 'one' }),
          eventRow(bench.unique('event'), { tags: [a, b], group: 'one' }),
          eventRow(bench.unique('event'), { tags: [b, a], group: 'other' }),
          eventRow(bench.unique('event'), { tags: [b], group: 'one' }),
        ]),
      );
      const nothing = { settled: 0, seen: [] };
      const found = (boundary: Boundary) => looked(bench, boundary);
      assert.deepEqual(await found({ ...nothing, items: [{ tags: [a] }] }), [first, second, third]);
      assert.deepEqual(await found({ ...nothing, items: [{ tags: [a, b] }] }), [second, third]);
      assert.deepEqual(await found({ ...nothing, items: [{ tags: [b, a], groups: ['one', 'none'] }] }), [
        second,
      ]);
      const items = [{ tags: [a], groups: ['other'] }, { tags: [b] }];
      assert.deepEqual(await found({ ...nothing, items }), [second, third, fourth]);
      assert.deepEqual(await found({ settled: second!, seen: [fourth!], items }), [third]);
      assert.deepEqual(await found({ settled: fourth!, seen: [], items }), []);
      assert.deepEqual(await found({ ...nothing, items: [{ tags: [a.toUpperCase()] }] }), []);
    },
  },
  {
    name: 'decisions: names the item that a match is of',
    async run(bench: LogBench): Promise<void> {
      const [a, b] = [bench.unique('tag'), bench.unique('tag')];
      const [position] = positionsOf(
        await bench.append([eventRow(bench.unique('event'), { tags: [a, b], group: 'one' })]),
      );
      const items = [{ tags: [bench.unique('tag')] }, { tags: [a] }, { tags: [b], groups: ['one'] }];
      const matches = await look(bench, { items, settled: 0, seen: [] });
      assert.deepEqual(
        matches.toSorted((x, y) => x.item - y.item),
        [1, 2].map((item) => ({ position, group: 'one', item })),
      );
    },
  },
  {
    name: 'decisions: appends of one tag wait for each other in no way, alone or several at once',
    run: concurrently(async (bench) => {
      const tags = [bench.unique('tag')];
      await withOpen(bench, tags, 1, async () => {
        positionsOf(await bench.append([eventRow(bench.unique('beside'), { tags })], 1));
        positionsOf(
          await bench.append(
            [1, 2].map(() => eventRow(bench.unique('beside'), { tags })),
            1,
          ),
        );
      });
    }),
  },
  {
    name: 'decisions: locks buckets of an open append neither by waiting nor at once, and afterwards',
    run: concurrently(async (bench) => {
      const tags = [bench.unique('tag')];
      const locks = { own: bucketsOf(tags), shared: [] };
      const database = await bench.database(1);
      for (const count of [1, 2]) {
        await withOpen(bench, tags, count, async () => {
          assert.equal(await inOwn(database, (sql) => lock(database, sql, locks)), false);
          const { transactions } = database.dialect;
          await assert.rejects(
            inOwn(database, (sql) => lock(database, sql, locks, WAIT)),
            (error) => ['lock', 'conflict'].includes(transactions.failure(error)),
          );
        });
        for (const wait of [undefined, WAIT])
          assert.equal(await inOwn(database, (sql) => lock(database, sql, locks, wait)), true);
      }
    }),
  },
  {
    name: 'decisions: keeps appends of its tags out until it ends, and no others',
    run: concurrently(async (bench) => {
      const tags = [bench.unique('tag')];
      const database = await bench.database();
      const key = bench.unique('behind');
      let appending: Promise<Appended[]> | undefined;
      await inOwn(database, async (sql) => {
        await lock(database, sql, { own: bucketsOf(tags), shared: [] }, WAIT);
        appending = bench.append([eventRow(key, { tags })], 1);
        positionsOf(await bench.append([eventRow(bench.unique('untagged'))], 2));
        for (let trip = 0; trip < 10; trip++) await bench.append([eventRow(bench.unique('untagged'))], 2);
        assert.equal(await bench.event(key), undefined);
      });
      positionsOf(await appending!);
    }),
  },
  {
    name: 'decisions: takes shared buckets as an append does',
    run: concurrently(async (bench) => {
      const tags = [bench.unique('tag')];
      const database = await bench.database(1);
      const locks = { own: bucketsOf([bench.unique('tag')]), shared: bucketsOf(tags) };
      await withOpen(bench, tags, 1, async () => {
        assert.equal(await inOwn(database, (sql) => lock(database, sql, locks, WAIT)), true);
      });
    }),
  },
  {
    name: 'decisions: gives back in a transaction of the application what an attempt locked',
    run: concurrently(async (bench) => {
      const [database, other] = [await bench.database(), await bench.database(1)];
      const { attempt } = database.dialect.decisions;
      if (!attempt) return;
      const locks = { own: bucketsOf([bench.unique('tag')]), shared: [] };
      const isFree = () => inOwn(other, (sql) => lock(other, sql, locks));
      await inOwn(database, async (sql) => {
        const undone = attempt(sql, async () => {
          await lock(database, sql, locks);
          return undefined;
        });
        assert.equal(await undone, undefined);
        assert.equal(await isFree(), true);
        const failed = attempt(sql, async () => {
          await lock(database, sql, locks);
          throw new RangeError('no');
        });
        await assert.rejects(failed, RangeError);
        assert.equal(await isFree(), true);
        assert.equal(await attempt(sql, () => lock(database, sql, locks)), true);
        assert.equal(await isFree(), false);
      });
      assert.equal(await isFree(), true);
    }),
  },
  {
    name: 'decisions: appends by one statement where nothing came, and else says what did',
    async run(bench: LogBench): Promise<void> {
      const database = await bench.database();
      const { append } = database.dialect.decisions;
      if (!append) return;
      const tags = [bench.unique('tag')];
      const locks = { own: bucketsOf(tags), shared: [] };
      const items = [{ tags }];
      const seen: number[] = [];
      for (const count of [1, 2]) {
        const rows = Array.from({ length: count }, () => eventRow(bench.unique('decided'), { tags }));
        const decide = (): ReturnType<typeof append> =>
          database.run((sql) =>
            append(sql, database.tables, rows, database.time(), locks, { items, settled: 0, seen }, WAIT),
          );
        const done = await decide();
        assert.ok(done && 'appended' in done);
        const positions = positionsOf(done.appended);
        const late = await decide();
        assert.ok(late && 'found' in late);
        assert.deepEqual(positionsIn(late.found), positions);
        seen.push(...positions);
        const known = await decide();
        assert.ok(known && 'appended' in known && known.appended.every(({ kind }) => kind === 'known'));
      }
    },
  },
];

/** One connection for all has no two transactions at once. */
function concurrently(run: (bench: LogBench) => Promise<void>): (bench: LogBench) => Promise<void> {
  return async (bench) => {
    if ((await bench.database()).dialect.can.pool) await run(bench);
  };
}

async function inOwn<T>(database: Database, work: (sql: Sql) => Promise<T>): Promise<T> {
  return database.transactionOnce(work);
}

function lock(database: Database, sql: Sql, locks: BucketLocks, wait?: LockWait): Promise<boolean> {
  return database.dialect.decisions.lock(sql, database.tables, locks, wait);
}

async function look(bench: LogBench, boundary: Boundary): Promise<Match[]> {
  const database = await bench.database();
  return inOwn(database, (sql) => database.dialect.decisions.look(sql, database.tables, boundary));
}

async function looked(bench: LogBench, boundary: Boundary): Promise<number[]> {
  return positionsIn(await look(bench, boundary));
}

function positionsIn(matches: readonly Match[]): number[] {
  return [...new Set(matches.map(({ position }) => position))].sort((a, b) => a - b);
}

/** Does work while a transaction of the application is open that has appended events with these tags. */
async function withOpen(
  bench: LogBench,
  tags: readonly string[],
  count: number,
  work: () => Promise<void>,
): Promise<void> {
  const { dataSource } = await bench.database();
  const [appended, done] = [new Signal(), new Signal()];
  const open = dataSource.transaction(async (manager: EntityManager) => {
    const rows = Array.from({ length: count }, () => eventRow(bench.unique('open'), { tags }));
    positionsOf(await bench.appendIn(manager, rows));
    appended.give();
    await done.given;
  });
  await Promise.race([appended.given, open]);
  try {
    await work();
  } finally {
    done.give();
    await open;
  }
}
