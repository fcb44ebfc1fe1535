import { strict as assert } from 'node:assert';
import type { KeyHead } from '../../store/ports/key-order.js';
import { type BenchCheck, eventRow, type LogBench, positionsOf } from './log-bench.js';

/** In the order of their bytes; JavaScript's own order has the last two the other way round. */
const KEYS = ['A', 'a', 'a ', 'ab', 'b', 'ä', '\uffee', '\u{1f600}'];

export const orderChecks: readonly BenchCheck[] = [
  {
    name: 'order keys: looks through them byte by byte, a page at a time, each with its first delivery',
    async run(bench: LogBench): Promise<void> {
      const handler = await bench.handler();
      const first = await keyed(bench, handler, KEYS.toReversed());
      await keyed(bench, handler, [...KEYS, ...KEYS]);
      await keyed(bench, await bench.handler(), ['0', 'other', 'z']);
      await bench.deliveries(handler, 2);
      for (const limit of [1, 3, KEYS.length, 100]) {
        const heads = await headsOf(bench, handler, limit);
        assert.deepEqual(
          heads.map(({ orderKey, position }) => [orderKey, position]),
          KEYS.map((key, index) => [key, first.at(-1 - index)]),
        );
      }
      assert.deepEqual(await headsOf(bench, await bench.handler(), 5), []);
    },
  },
  {
    name: 'order keys: tells which are running, suspect or not due yet, and leaves out what is dead',
    async run(bench: LogBench): Promise<void> {
      const [handler, worker, queue] = [await bench.handler(), await bench.worker(), await bench.queue()];
      const positions = await keyed(bench, handler, ['busy', 'busy', 'dead', 'late', 'late', 'rescued']);
      const [early, busy, dead, late] = positions as [number, number, number, number];
      // One with a lower position may be committed after a higher one has begun.
      await set(bench, handler, busy, 'state = 1, worker_id = 1');
      await set(bench, handler, dead, `state = 1, worker_id = ${worker}`);
      await queue.fail(worker, { handlerId: handler, position: dead, starts: 0, error: 'buried' });
      await set(bench, handler, late, 'due_at = due_at + 60000');
      await set(bench, handler, positions.at(-1)!, 'rescues = 3');
      const heads = await headsOf(bench, handler, 10);
      assert.deepEqual(
        heads.map(({ orderKey, position, running, rescues }) => ({ orderKey, position, running, rescues })),
        [
          { orderKey: 'busy', position: busy, running: true, rescues: 0 },
          { orderKey: 'late', position: late, running: false, rescues: 0 },
          { orderKey: 'rescued', position: positions.at(-1), running: false, rescues: 3 },
        ],
      );
      assert.ok(early < busy);
      const [, waits, rescued] = heads.map(({ dueIn }) => dueIn) as [number, number, number];
      assert.ok(waits > 1000 && waits <= 60_000 && rescued <= 0, `due in ${waits} and ${rescued}`);
    },
  },
  {
    name: 'order keys: claims the first of a key only, and none while one of it runs',
    async run(bench: LogBench): Promise<void> {
      const [handler, worker] = [await bench.handler(), await bench.worker()];
      const [a1, b1, a2, b2, a3] = await keyed(bench, handler, ['a', 'b', 'a', 'b', 'a']);
      const all = [a1!, b1!, a2!, b2!, a3!];
      assert.deepEqual(await claimKeyed(bench, handler, worker, all), [a1, b1]);
      assert.deepEqual(await claimKeyed(bench, handler, worker, all), []);
      await (await bench.queue()).complete(worker, [{ handlerId: handler, position: a1! }]);
      assert.deepEqual(await claimKeyed(bench, handler, worker, [a3!, b2!]), []);
      assert.deepEqual(await claimKeyed(bench, handler, worker), [a2]);
      await set(bench, handler, b1!, 'state = 0, worker_id = NULL, due_at = due_at + 60000');
      assert.deepEqual(await claimKeyed(bench, handler, worker), []);
    },
  },
  {
    name: 'order keys: claims suspects of them that are first, and knows of no other',
    async run(bench: LogBench): Promise<void> {
      const [handler, worker, queue] = [await bench.handler(), await bench.worker(), await bench.queue()];
      const [first, second] = (await keyed(bench, handler, ['a', 'a'])) as [number, number];
      await set(bench, handler, second, 'rescues = 3');
      const quotas = [{ handlerId: handler, take: 9 }];
      assert.equal(await queue.hasSuspects(quotas), false);
      assert.deepEqual(await claimKeyed(bench, handler, worker, undefined, true), []);
      await set(bench, handler, first, 'rescues = 4');
      assert.equal(await queue.hasSuspects(quotas), true);
      assert.deepEqual(await claimKeyed(bench, handler, worker), []);
      assert.deepEqual(await claimKeyed(bench, handler, worker, undefined, true), [first]);
    },
  },
  {
    name: 'order keys: deliveries with and without one are claimed apart',
    async run(bench: LogBench): Promise<void> {
      const [handler, worker] = [await bench.handler(), await bench.worker()];
      const [keyedOne] = await keyed(bench, handler, ['a']);
      const [free] = await bench.deliveries(handler, 1);
      const claimed = await bench.claim(worker, handler);
      assert.deepEqual(
        claimed.map(({ position }) => position),
        [free!.position],
      );
      assert.deepEqual(await claimKeyed(bench, handler, worker), [keyedOne]);
    },
  },
];

/** Pending deliveries of one ordered handler, with these order keys, in the order of the log; their positions. */
async function keyed(bench: LogBench, handler: number, keys: readonly string[]): Promise<number[]> {
  const handlers = [{ id: handler, rank: 0, ordered: true }];
  return positionsOf(
    await bench.append(keys.map((orderKey) => eventRow(bench.unique('keyed'), { orderKey, handlers }))),
  );
}

/** Of all keys, page by page. */
async function headsOf(bench: LogBench, handlerId: number, limit: number): Promise<KeyHead[]> {
  const database = await bench.database();
  const { dialect, tables } = database;
  const all: KeyHead[] = [];
  for (;;) {
    const scan = { handlerId, after: all.at(-1)?.orderKey ?? '', limit, due: database.time() };
    const { heads, end } = await bench.run((sql) => dialect.keyOrder.heads(sql, tables, scan));
    assert.ok(heads.length <= limit, `${heads.length} keys instead of at most ${limit}`);
    assert.ok(end || heads.length > 0, 'a page that is not the last has keys');
    all.push(...heads);
    if (end) return all;
  }
}

async function claimKeyed(
  bench: LogBench,
  handlerId: number,
  workerId: number,
  positions?: readonly number[],
  suspects = false,
): Promise<number[]> {
  const database = await bench.database();
  const quotas = [{ handlerId, take: 100 }];
  const request = { workerId, quotas, suspects, keyed: true, due: database.time() };
  const claimed = await database.transaction((sql) =>
    database.dialect.deliveries.claim(sql, database.tables, {
      ...request,
      ...(positions ? { positions } : {}),
    }),
  );
  return claimed.map(({ position }) => position);
}

async function set(bench: LogBench, handler: number, position: number, changes: string): Promise<void> {
  const { tables } = await bench.database();
  const statement = `UPDATE ${tables.delivery} SET ${changes} WHERE handler_id = ? AND position = ?`;
  assert.equal(await bench.run((sql) => sql.change(statement, [handler, position])), 1);
}
