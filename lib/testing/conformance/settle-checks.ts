import { strict as assert } from 'node:assert';
import type { AttemptId, DeliveryQueue } from '../../store/deliveries/delivery-queue.js';
import type { DeliveryId } from '../../store/ports/delivery-ids.js';
import { FixedClock } from '../fixed-clock.js';
import { type BenchCheck, type LogBench, RolledBack } from './log-bench.js';

const NOON = Date.parse('2026-06-01T12:00:00Z');

type End = (queue: DeliveryQueue, worker: number, start: AttemptId) => Promise<boolean>;

/** Everything that leaves a delivery open, to be claimed again. */
const GIVES_BACK: Record<string, End> = {
  'fail and retry': (queue, worker, id) => queue.fail(worker, { ...id, error: 'late', retryIn: 0 }),
  'fail and bury': (queue, worker, id) => queue.fail(worker, { ...id, error: 'late' }),
  snooze: (queue, worker, id) => queue.snooze(worker, id, new Date()),
  'cut off': (queue, worker, id) => queue.cutOff(worker, id),
};

/** Everything that a worker can do with what it claimed. */
const ENDS: Record<string, End> = {
  ...GIVES_BACK,
  complete: async (queue, worker, id) => (await queue.complete(worker, [id])).length > 0,
  cancel: (queue, worker, id) => queue.cancel(worker, id),
  release: async (queue, worker, id) => {
    await queue.release(worker, [id]);
    return false;
  },
};

export const settleChecks: readonly BenchCheck[] = [
  {
    name: 'completes what the worker holds, many at once: finished, with the attempts it took',
    async run(bench: LogBench): Promise<void> {
      const [queue, worker, one, two] = [
        await bench.queue(),
        await bench.worker(),
        await bench.handler(),
        await bench.handler(),
      ];
      const ids = [...(await bench.deliveries(one, 600)), ...(await bench.deliveries(two, 3))];
      await bench.claim(worker, one, 1000);
      await bench.claim(worker, two, 2);
      const held = ids.slice(0, 602);
      const done = await queue.complete(worker, ids);
      const sorted = (list: readonly DeliveryId[]) =>
        list.map((id) => `${id.handlerId}/${id.position}`).sort();
      assert.deepEqual(sorted(done), sorted(held));
      const finished = (await bench.delivery(ids[0]!))!;
      assert.deepEqual([Number(finished.state), Number(finished.attempts)], [3, 1]);
      assert.ok(Math.abs(Number(finished.finished_at) - Date.now()) < 60_000);
      assert.equal(Number((await bench.delivery(ids[602]!))!.state), 0);
    },
  },
  {
    name: 'notes when a delivery ended by the clock of the application, where it gave one',
    async run(bench: LogBench): Promise<void> {
      const clock = new FixedClock(NOON);
      const [queue, worker, handler] = [
        await bench.queue(0, clock),
        await bench.worker(),
        await bench.handler(),
      ];
      const [succeeded, cancelled, dead, retried] = await bench.deliveries(handler, 4, clock);
      await bench.claim(worker, handler, 4, clock);
      await queue.complete(worker, [succeeded!]);
      await queue.cancel(worker, cancelled!);
      await queue.fail(worker, { ...dead!, error: 'no' });
      await queue.fail(worker, { ...retried!, error: 'no', retryIn: 1000 });
      for (const id of [succeeded!, cancelled!, dead!, retried!]) {
        const row = (await bench.delivery(id))!;
        assert.equal(Number(row.finished_at ?? row.failed_at), NOON);
      }
    },
  },
  {
    name: 'completes in the transaction of the handler: with it or not at all',
    async run(bench: LogBench): Promise<void> {
      const { queue, worker, id } = await claimedOne(bench);
      const database = await bench.database();
      const transaction = database.transaction(async (sql) => {
        assert.equal(await queue.completeIn(sql, worker, id), true);
        throw new RolledBack();
      });
      await assert.rejects(transaction, RolledBack);
      assert.equal(Number((await bench.delivery(id))!.state), 1);
      assert.equal(await database.transaction((sql) => queue.completeIn(sql, worker, id)), true);
      assert.equal(Number((await bench.delivery(id))!.state), 3);
    },
  },
  {
    name: 'commits nothing of a handler whose worker holds the delivery no more',
    async run(bench: LogBench): Promise<void> {
      const { queue, worker, id } = await claimedOne(bench);
      const database = await bench.database();
      await queue.release(worker, [id]);
      const state = `SELECT count(*) AS count FROM ${database.tables.state} WHERE name = 'written'`;
      const transaction = database.transactionOnce(async (sql) => {
        await sql.change(`INSERT INTO ${database.tables.state} (name, value) VALUES ('written', 1)`);
        if (!(await queue.completeIn(sql, worker, id))) throw new RolledBack();
      });
      await assert.rejects(transaction, RolledBack);
      assert.equal(Number((await bench.delivery(id))!.state), 0);
      const row = await database.run((sql) => sql.row(state));
      assert.equal(Number(row!.count), 0);
    },
  },
  {
    name: 'fails: due again when told, with its error and one attempt more',
    async run(bench: LogBench): Promise<void> {
      const clock = new FixedClock(NOON);
      const { queue, worker, id, handler } = await claimedOne(bench, clock);
      const error = `It's "broken" \\ 🙂\n    at line ?`;
      assert.equal(await queue.fail(worker, { ...id, error, retryIn: 1500.4 }), true);
      const row = (await bench.delivery(id))!;
      assert.deepEqual([row.state, row.attempts, row.due_at].map(Number), [0, 1, NOON + 1500]);
      assert.deepEqual([row.error, row.worker_id], [error, null]);
      clock.set(NOON + 1499);
      assert.deepEqual(await bench.claim(worker, handler, 9, clock), []);
      clock.set(NOON + 1500);
      assert.deepEqual(
        (await bench.claim(worker, handler, 9, clock)).map(({ failures }) => failures),
        [1],
      );
    },
  },
  {
    name: 'fails by the clock of the database where the application has none of its own',
    async run(bench: LogBench): Promise<void> {
      const { queue, worker, id } = await claimedOne(bench);
      await queue.fail(worker, { ...id, error: 'again', retryIn: 600_000.7 });
      const wait = Number((await bench.delivery(id))!.due_at) - Date.now();
      assert.ok(wait > 540_000 && wait < 660_000, `due in ${wait} ms`);
    },
  },
  {
    name: 'buries: dead, never claimed again',
    async run(bench: LogBench): Promise<void> {
      const { queue, worker, id, handler } = await claimedOne(bench);
      assert.equal(await queue.fail(worker, { ...id, error: 'for good' }), true);
      const row = (await bench.delivery(id))!;
      assert.deepEqual([Number(row.state), Number(row.attempts), row.error], [2, 1, 'for good']);
      assert.deepEqual(await bench.claim(worker, handler), []);
    },
  },
  {
    name: 'snoozes: due at that time, no attempt used',
    async run(bench: LogBench): Promise<void> {
      const { queue, worker, id } = await claimedOne(bench);
      assert.equal(await queue.snooze(worker, id, new Date(NOON)), true);
      const row = (await bench.delivery(id))!;
      assert.deepEqual([row.state, row.attempts, row.due_at].map(Number), [0, 0, NOON]);
    },
  },
  {
    name: 'cancels what runs: finished as cancelled',
    async run(bench: LogBench): Promise<void> {
      const { queue, worker, id } = await claimedOne(bench);
      assert.equal(await queue.cancel(worker, id), true);
      assert.deepEqual(
        [(await bench.delivery(id))!.state, (await bench.delivery(id))!.attempts].map(Number),
        [4, 1],
      );
    },
  },
  {
    name: 'releases what has not started: pending again, as it was',
    async run(bench: LogBench): Promise<void> {
      const { queue, worker, id, handler } = await claimedOne(bench);
      await queue.release(worker, [id]);
      const row = (await bench.delivery(id))!;
      assert.deepEqual([Number(row.state), Number(row.attempts), row.worker_id], [0, 0, null]);
      assert.equal((await bench.claim(worker, handler)).length, 1);
    },
  },
  ...Object.entries(ENDS).map(([name, end]): BenchCheck => ({
    name: `changes nothing of a delivery that the worker has lost: ${name}`,
    async run(bench: LogBench): Promise<void> {
      const { queue, worker, id, handler } = await claimedOne(bench);
      await queue.release(worker, [id]);
      const pending = await bench.delivery(id);
      assert.equal(await end(queue, worker, id), false);
      assert.deepEqual(await bench.delivery(id), pending);
      const next = await bench.worker();
      await bench.claim(next, handler);
      const claimed = await bench.delivery(id);
      assert.equal(await end(queue, worker, id), false);
      assert.deepEqual(await bench.delivery(id), claimed);
      assert.equal((await queue.complete(next, [id])).length, 1);
      const finished = await bench.delivery(id);
      assert.equal(await end(queue, worker, id), false);
      assert.deepEqual(await bench.delivery(id), finished);
    },
  })),
  ...Object.entries(GIVES_BACK).map(([name, end]): BenchCheck => ({
    name: `changes nothing by a start that has ended, where the worker has claimed the delivery anew: ${name}`,
    async run(bench: LogBench): Promise<void> {
      const { queue, worker, id, handler } = await claimedOne(bench);
      assert.equal(await queue.fail(worker, { ...id, error: 'first', retryIn: 0 }), true);
      const [again] = await bench.claim(worker, handler);
      const claimed = await bench.delivery(id);
      assert.equal(await end(queue, worker, id), false);
      assert.deepEqual(await bench.delivery(id), claimed);
      assert.equal(await end(queue, worker, again!), true);
    },
  })),
];

async function claimedOne(bench: LogBench, clock?: FixedClock) {
  const [queue, worker, handler] = [await bench.queue(0, clock), await bench.worker(), await bench.handler()];
  const [id] = await bench.deliveries(handler, 1, clock);
  assert.equal((await bench.claim(worker, handler, 1, clock)).length, 1);
  return { queue, worker, handler, id: id! };
}
