import { strict as assert } from 'node:assert';
import type { QueryRunner } from 'typeorm';
import { Horizon } from '../../store/db/horizon.js';
import { assertRising, type BenchCheck, eventRow, type LogBench, positionsOf } from './log-bench.js';

/** So many looks are enough for any horizon, also while others on the same server have a transaction open for a while. */
const ROUNDS = 1000;

/** A transaction of the application, step by step. */
interface Step {
  append(...keys: string[]): Promise<number[]>;
  commit(): Promise<void>;
  rollBack(): Promise<void>;
}

export const horizonChecks: readonly BenchCheck[] = [
  {
    name: 'horizon: reaches the last event when nothing is open',
    async run(bench: LogBench): Promise<void> {
      const reader = await readerOf(bench);
      const [position] = positionsOf(await bench.append([eventRow(bench.unique('last'))]));
      await reader.readUpTo(position!);
      assert.equal(reader.horizon.position, position);
    },
  },
  {
    name: 'horizon: does not pass a slow transaction with a low position, whether it commits or rolls back',
    run: concurrently(async (bench) => {
      for (const end of ['commit', 'rollBack'] as const) {
        const reader = await readerOf(bench);
        const [slow, fast] = [bench.unique('slow'), bench.unique('fast')];
        const transaction = await begin(bench, 1);
        const [position] = await transaction.append(slow);
        assert.ok((await reader.horizon.advance()) < position!);
        const [higher] = positionsOf(await bench.append([eventRow(fast)]));
        for (let round = 0; round < 5; round++) await reader.read();
        assert.equal(reader.keys.length, 0);
        await transaction[end]();
        await reader.readUpTo(higher!);
        assert.deepEqual(reader.keys, end === 'commit' ? [slow, fast] : [fast]);
      }
    }),
  },
  {
    name: 'horizon: passes none of several open transactions, in whatever order they end',
    run: concurrently(async (bench) => {
      const reader = await readerOf(bench);
      const keys = [0, 1, 2, 3].map(() => bench.unique('open'));
      const open = await Promise.all(keys.map((_, index) => begin(bench, 1 + (index % 2))));
      const positions: number[] = [];
      for (const [index, step] of open.entries()) positions.push(...(await step.append(keys[index]!)));
      for (const index of [1, 3, 0, 2]) {
        await reader.read();
        await open[index]!.commit();
      }
      await reader.readUpTo(positions[3]!);
      assert.deepEqual(reader.keys, keys);
    }),
  },
  {
    name: 'horizon: does not pass a low position that was taken before the transaction wrote anything',
    run: concurrently(async (bench) => {
      const reader = await readerOf(bench);
      const base = bench.unique('early');
      const [held, behind] = [`${base} 1`, `${base} 2`];
      const owner = await begin(bench, 1);
      await owner.append(held);
      // Waits for the owner with its first row, when it has its positions.
      const [waiting, last] = await passedBy(bench, () =>
        bench.append([eventRow(held), eventRow(behind)], 2),
      );
      for (let round = 0; round < 5; round++) await reader.read();
      assert.equal(reader.keys.length, 0);
      await owner.rollBack();
      const positions = positionsOf(await waiting());
      assert.ok(positions[0]! < last, 'Expected the positions to have been taken before those of the others');
      await reader.readUpTo(last);
      assert.deepEqual(
        reader.keys.filter((key) => key.startsWith(base)),
        [held, behind],
      );
    }),
  },
  {
    name: 'horizon: shows an effect behind its cause, also when the transaction of the effect is the older one',
    run: concurrently(async (bench) => {
      const reader = await readerOf(bench);
      const [first, cause, effect] = [bench.unique('first'), bench.unique('v1'), bench.unique('v2')];
      const older = await begin(bench, 1);
      await older.append(first);
      const [one] = positionsOf(await bench.append([eventRow(cause)]));
      await reader.read();
      const [two] = await older.append(effect);
      assertRising([one!, two!]);
      await older.commit();
      await reader.readUpTo(two!);
      assert.deepEqual(reader.keys, [first, cause, effect]);
    }),
  },
  {
    name: 'horizon: moves on while transactions keep coming, so that some is open at any time',
    run: concurrently(async (bench) => {
      const reader = await readerOf(bench);
      let open = await begin(bench, 1);
      const [target] = await open.append(bench.unique('coming'));
      for (let round = 0; reader.horizon.position < target!; round++) {
        assert.ok(round < ROUNDS, 'Expected the horizon to have moved on');
        const next = await begin(bench, 1 + (round % 2));
        await next.append(bench.unique('coming'));
        await open.commit();
        open = next;
        await reader.read();
      }
      await open.commit();
    }),
  },
  {
    name: 'horizon: readers of several processes do not keep each other from moving on',
    run: concurrently(async (bench) => {
      const readers = [await readerOf(bench), await readerOf(bench), await readerOf(bench, 2)];
      let open = await begin(bench, 1);
      const [target] = await open.append(bench.unique('coming'));
      for (let round = 0; readers.some(({ horizon }) => horizon.position < target!); round++) {
        assert.ok(round < ROUNDS, 'Expected every horizon to have moved on');
        for (const reader of readers) {
          const next = await begin(bench, 1);
          await next.append(bench.unique('coming'));
          await open.commit();
          open = next;
          await reader.read();
        }
      }
      await open.commit();
    }),
  },
  {
    name: 'horizon: an ordered reader skips nothing of four concurrent writers',
    async run(bench: LogBench): Promise<void> {
      const reader = await readerOf(bench);
      const writing = Promise.all([0, 1, 2, 3].map((writer) => write(bench, writer)));
      let done = false;
      void writing.finally(() => (done = true)).catch(() => undefined);
      while (!done) await reader.read();
      const committed = (await writing).flat();
      await reader.readUpTo(positionsOf(await bench.append([eventRow(bench.unique('end'))]))[0]!);
      assert.deepEqual(reader.keys.slice(0, -1).sort(), committed.sort());
    },
  },
];

/** A check that needs two transactions at the same time: where writers are serial, there is nothing to be seen. */
function concurrently(run: (bench: LogBench) => Promise<void>): (bench: LogBench) => Promise<void> {
  return async (bench) => {
    const { dialect } = await bench.database();
    if (dialect.can.pool) await run(bench);
  };
}

/** Transactions that append some events, dawdle, and roll back every fifth time; the keys of what they committed. */
async function write(bench: LogBench, writer: number): Promise<string[]> {
  const committed: string[] = [];
  for (let round = 0; round < 40; round++) {
    const transaction = await begin(bench, 1 + (writer % 2));
    const keys: string[] = [];
    for (let count = (round + writer) % 3; count >= 0; count--) {
      const key = bench.unique(`writer ${writer}`);
      await transaction.append(key);
      keys.push(key);
      await dawdle(bench, (round * 7 + writer * 5) % 4);
    }
    if ((round + writer) % 5 === 4) await transaction.rollBack();
    else {
      await transaction.commit();
      committed.push(...keys);
    }
  }
  return committed;
}

async function dawdle(bench: LogBench, trips: number): Promise<void> {
  const { dataSource } = await bench.database(3);
  for (let trip = 0; trip < trips; trip++) await dataSource.query('SELECT 1');
}

/** Starts an append that has to wait; goes on when it has taken its positions, which then are passed by. */
async function passedBy<T>(
  bench: LogBench,
  start: () => Promise<T>,
): Promise<[result: () => Promise<T>, last: number]> {
  const pass = async () => positionsOf(await bench.append([eventRow(bench.unique('passing'))]))[0]!;
  let last = await pass();
  const result = start();
  result.catch(() => undefined);
  for (let round = 0; round < 1000; round++) {
    const next = await pass();
    if (next > last + 1) return [() => result, next];
    last = next;
  }
  assert.fail('Expected the waiting append to have taken its positions');
}

async function begin(bench: LogBench, number: number): Promise<Step> {
  const { dataSource } = await bench.database(number);
  const runner: QueryRunner = dataSource.createQueryRunner();
  await runner.startTransaction();
  return {
    append: async (...keys) =>
      positionsOf(
        await bench.appendIn(
          runner.manager,
          keys.map((key) => eventRow(key)),
        ),
      ),
    commit: () => runner.commitTransaction().finally(() => runner.release()),
    rollBack: () => runner.rollbackTransaction().finally(() => runner.release()),
  };
}

/** Reads the log in order, each time from where it stopped up to the horizon. */
class OrderedReader {
  readonly keys: string[] = [];

  constructor(
    private readonly bench: LogBench,
    readonly horizon: Horizon,
    private after: number,
  ) {}

  async read(): Promise<void> {
    const upTo = await this.horizon.advance();
    const { tables } = await this.bench.database();
    const statement = `SELECT position, event_key FROM ${tables.event} WHERE position > ? AND position <= ? ORDER BY position`;
    const rows = await this.bench.run((sql) => sql.rows(statement, [this.after, upTo]));
    this.keys.push(...rows.map((row) => row.event_key as string).filter((key) => !key.startsWith('passing')));
    this.after = upTo;
  }

  /** What was open may take some looks to have been seen ended. */
  async readUpTo(position: number): Promise<void> {
    for (let round = 0; this.horizon.position < position; round++) {
      assert.ok(
        round < ROUNDS,
        `Expected the horizon to reach ${position}, it is at ${this.horizon.position}`,
      );
      await this.read();
    }
  }
}

/** A reader that starts behind what is there. */
async function readerOf(bench: LogBench, number = 0): Promise<OrderedReader> {
  const horizon = new Horizon(await bench.database(number));
  return new OrderedReader(bench, horizon, await horizon.advance());
}
