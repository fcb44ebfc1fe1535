import { DataSource, type EntityManager } from 'typeorm';
import { eventRow, LogBench, positionsOf } from '../../../lib/testing/conformance/log-bench.js';
import { dataSourceOptionsFrom, describeEachDatabase } from '../../support/databases.js';

/** As many as a busy server has. */
const TRANSACTIONS = 60;

describeEachDatabase('appends of many transactions at once', (db) => {
  let bench: LogBench;

  beforeEach(async () => {
    // All at once where locks are in question; elsewhere no more than other tests leave of a server.
    const poolSize = db.dialect === 'mysql' ? TRANSACTIONS + 2 : 10;
    const options = dataSourceOptionsFrom(await db.create(), { poolSize });
    bench = new LogBench(() => new DataSource(options).initialize());
  });
  afterEach(() => bench.close());

  const handled = async (count: number) => {
    const handlers = [{ id: await bench.handler(), rank: 0 }];
    return () => Array.from({ length: count }, () => eventRow(bench.unique('parallel'), { handlers }));
  };

  /** As an application's transaction that reads before it saves, and so has its snapshot. */
  const transaction = async <T>(level: string | undefined, work: (manager: EntityManager) => Promise<T>) => {
    const { dataSource } = await bench.database();
    const run = async (manager: EntityManager) => {
      await manager.query('SELECT count(*) FROM once_event');
      return work(manager);
    };
    return level ? dataSource.transaction(level as 'READ COMMITTED', run) : dataSource.transaction(run);
  };

  const LEVELS = { sqlite: [undefined], postgres: ['READ COMMITTED'] };
  const levels = db.dialect === 'mysql' ? ['READ COMMITTED', 'REPEATABLE READ'] : LEVELS[db.dialect];

  it.each(levels.flatMap((level) => [1, 3].map((count) => [count, level] as const)))(
    'do not deadlock: two saves each, of %i events (%s)',
    async (count, level) => {
      const rows = await handled(count);
      const saveTwice = async (manager: EntityManager) => [
        ...positionsOf(await bench.appendIn(manager, rows())),
        ...positionsOf(await bench.appendIn(manager, rows())),
      ];
      const saves = Array.from({ length: TRANSACTIONS }, () => transaction(level, saveTwice));
      expect(new Set((await Promise.all(saves)).flat()).size).toBe(TRANSACTIONS * 2 * count);
    },
  );

  if (db.dialect !== 'mysql') return;

  it.each(levels.flatMap((level) => [1, 3].map((count) => [count, level] as const)))(
    'do not wait for a transaction that is open: %i events (%s)',
    async (count, level) => {
      const rows = await handled(count);
      await transaction(level, async (open) => {
        const before = positionsOf(await bench.appendIn(open, rows()));
        // Ends while the other one is open: were it to wait for that, the test would.
        const after = await transaction(level, async (other) =>
          positionsOf(await bench.appendIn(other, rows())),
        );
        expect(Math.min(...after)).toBeGreaterThan(Math.max(...before));
      });
    },
  );

  it.each(levels.flatMap((level) => [1, 3].map((count) => [count, level] as const)))(
    'find keys that were committed after their snapshot, and go on: %i events (%s)',
    async (count, level) => {
      const rows = await handled(count);
      const [unseen, next] = [rows(), rows()];
      await transaction(level, async (manager) => {
        await bench.append(unseen, 1);
        const answers = await bench.appendIn(manager, [...unseen]);
        expect(answers.map(({ kind }) => kind)).toEqual(unseen.map(() => 'known'));
        positionsOf(await bench.appendIn(manager, next));
      });
      for (const { key } of next) expect(await bench.event(key)).toBeDefined();
    },
  );

  it.each(levels)('find a key whose owner commits while they wait for it (%s)', async (level) => {
    const rows = await handled(1);
    const [held, next] = [rows(), rows()];
    const { dataSource } = await bench.database(1);
    const owner = dataSource.createQueryRunner();
    await owner.startTransaction();
    await bench.appendIn(owner.manager, held);
    const waiting = transaction(level, async (manager) => {
      const [answer] = await bench.appendIn(manager, held);
      positionsOf(await bench.appendIn(manager, next));
      return answer!.kind;
    });
    // Whether it waits by then or not, the answer is the same.
    await bench.append(rows(), 2);
    await owner.commitTransaction();
    await owner.release();
    expect(await waiting).toBe('known');
    expect(await bench.event(next[0]!.key)).toBeDefined();
  });
});
