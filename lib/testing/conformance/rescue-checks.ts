import { strict as assert } from 'node:assert';
import { WorkerLeases } from '../../store/deliveries/worker-leases.js';
import type { BenchCheck, LogBench } from './log-bench.js';

const HOUR = 3_600_000;

export const rescueChecks: readonly BenchCheck[] = [
  {
    name: 'takes over what a dead worker held, and only that',
    async run(bench: LogBench): Promise<void> {
      const leases = await leasesOf(bench);
      const [handler, living, dead] = [
        await bench.handler(),
        await bench.worker(),
        await bench.worker({ dead: true }),
      ];
      const ids = await bench.deliveries(handler, 5);
      await bench.claim(living, handler, 2);
      await bench.claim(dead, handler, 2);
      assert.equal(await leases.rescue(), 2);
      assert.equal(await leases.rescue(), 0);
      const rows = await Promise.all(ids.map((id) => bench.delivery(id)));
      const facts = rows.map((row) => [Number(row!.state), Number(row!.rescues), Number(row!.attempts)]);
      assert.deepEqual(facts, [
        [1, 0, 0],
        [1, 0, 0],
        [0, 1, 0],
        [0, 1, 0],
        [0, 0, 0],
      ]);
      assert.equal(rows[2]!.worker_id, null);
    },
  },
  {
    name: 'takes over all that a dead worker held in one call, some in each transaction',
    async run(bench: LogBench): Promise<void> {
      const leases = await leasesOf(bench);
      const [one, other] = [await bench.handler(), await bench.handler()];
      const dead = await bench.worker({ dead: true });
      for (const handler of [one, other]) await bench.deliveries(handler, 1100);
      for (const handler of [one, other]) await bench.claim(dead, handler, 1100);
      let parts = 0;
      assert.equal(await leases.rescue(() => (parts += 1) > 0), 2200);
      assert.ok(parts > 1, `freed in ${parts} parts`);
      const living = await bench.worker();
      assert.equal((await bench.claim(living, one, 2000)).length, 1100);
      assert.equal((await bench.claim(living, other, 2000)).length, 1100);
    },
  },
  {
    name: 'extends a lease, but none that was lost',
    async run(bench: LogBench): Promise<void> {
      const leases = await leasesOf(bench);
      const [living, dead] = [await bench.worker(), await bench.worker({ dead: true })];
      assert.equal(await bench.run((sql) => leases.extend(sql, living)), true);
      // Nobody has seen yet that it lapsed.
      assert.equal(await bench.run((sql) => leases.extend(sql, dead)), true);
      const lost = await bench.worker({ dead: true });
      await leases.rescue();
      assert.equal(await bench.run((sql) => leases.extend(sql, lost)), false);
      await bench.run((sql) => leases.remove(sql, living));
      assert.equal(await bench.run((sql) => leases.extend(sql, living)), false);
    },
  },
  {
    name: 'gives every worker an id of its own, also after the last one has gone',
    async run(bench: LogBench): Promise<void> {
      const leases = await leasesOf(bench);
      const ids = await Promise.all([1, 2, 3].map(() => leases.register()));
      for (const id of ids) await bench.run((sql) => leases.remove(sql, id));
      const next = await leases.register();
      assert.ok(next > Math.max(...ids), `${next} after ${ids.join(', ')}`);
      assert.equal(new Set(ids).size, 3);
    },
  },
  {
    name: 'counts rescues, and from the fourth on attempts too',
    async run(bench: LogBench): Promise<void> {
      const leases = await leasesOf(bench);
      const [handler, queue] = [await bench.handler(), await bench.queue()];
      const [id] = await bench.deliveries(handler, 1);
      const seen: number[][] = [];
      for (let death = 1; death <= 5; death++) {
        const workerId = await bench.worker({ dead: true });
        const quotas = [{ handlerId: handler, take: 1 }];
        const { claimed } = await queue.claim({ workerId, quotas, suspects: death > 3 });
        assert.equal(claimed.length, 1);
        await leases.rescue();
        const row = (await bench.delivery(id!))!;
        seen.push([Number(row.rescues), Number(row.attempts)]);
      }
      assert.deepEqual(seen, [
        [1, 0],
        [2, 0],
        [3, 0],
        [4, 1],
        [5, 2],
      ]);
    },
  },
  {
    name: 'takes over each delivery once, however many rescue at the same time',
    async run(bench: LogBench): Promise<void> {
      const [handler, dead] = [await bench.handler(), await bench.worker({ dead: true })];
      const ids = await bench.deliveries(handler, 30);
      await bench.claim(dead, handler);
      const rescued = await Promise.all(
        [0, 1, 2].map(async (number) => new WorkerLeases(await bench.database(number), HOUR).rescue()),
      );
      const rest = await (await leasesOf(bench)).rescue();
      assert.equal(
        rescued.reduce((sum, count) => sum + count, rest),
        30,
      );
      const rows = await Promise.all(ids.map((id) => bench.delivery(id)));
      assert.ok(rows.every((row) => Number(row!.rescues) === 1 && Number(row!.state) === 0));
    },
  },
];

async function leasesOf(bench: LogBench): Promise<WorkerLeases> {
  const leases = new WorkerLeases(await bench.database(), HOUR);
  await leases.rescue();
  return leases;
}
