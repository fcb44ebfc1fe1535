import { strict as assert } from 'node:assert';
import { FixedClock } from '../fixed-clock.js';
import { type BenchCheck, eventRow, positionsOf, rolledBack, type LogBench } from './log-bench.js';

const NOON = Date.parse('2026-06-01T12:00:00Z');

export const claimChecks: readonly BenchCheck[] = [
  {
    name: 'creates deliveries in the transaction that appends: nothing to claim before it commits, nor after it rolled back',
    async run(bench: LogBench): Promise<void> {
      const [handler, worker] = [await bench.handler(), await bench.worker()];
      const row = () => eventRow(bench.unique('tied'), { handlers: [{ id: handler, rank: 0 }] });
      await rolledBack(await bench.database(), (manager) => bench.appendIn(manager, [row()]));
      assert.deepEqual(await bench.claim(worker, handler), []);
      await bench.append([row()]);
      assert.equal((await bench.claim(worker, handler)).length, 1);
    },
  },
  {
    name: 'claims a delivery with its event',
    async run(bench: LogBench): Promise<void> {
      const [handler, worker] = [await bench.handler(), await bench.worker()];
      const row = eventRow(bench.unique('claimed'), {
        handlers: [{ id: handler, rank: 0 }],
        occurredAt: 17,
        recordedAt: 18,
      });
      const [position] = positionsOf(await bench.append([row]));
      const [claimed, ...rest] = await bench.claim(worker, handler);
      assert.deepEqual(rest, []);
      assert.deepEqual(claimed, {
        handlerId: handler,
        position,
        failures: 0,
        starts: 0,
        rescues: 0,
        event: {
          position,
          key: row.key,
          group: row.group,
          payload: row.payload,
          payloadBytes: null,
          encoding: 'json',
          metadata: row.metadata,
          orderKey: null,
          occurredAt: 17,
          recordedAt: 18,
        },
      });
      const stored = (await bench.delivery({ handlerId: handler, position: position! }))!;
      assert.deepEqual([Number(stored.state), Number(stored.worker_id)], [1, worker]);
    },
  },
  {
    name: 'claims of each handler up to its quota, and of no other',
    async run(bench: LogBench): Promise<void> {
      const [worker, queue] = [await bench.worker(), await bench.queue()];
      const [one, two, other] = [await bench.handler(), await bench.handler(), await bench.handler()];
      for (const handler of [one, two, other]) await bench.deliveries(handler, 5);
      const quotas = [
        { handlerId: one, take: 2 },
        { handlerId: two, take: 9 },
      ];
      const { claimed } = await queue.claim({ workerId: worker, quotas, suspects: false });
      const countOf = (handler: number) => claimed.filter(({ handlerId }) => handlerId === handler).length;
      assert.deepEqual([one, two, other].map(countOf), [2, 5, 0]);
    },
  },
  {
    name: 'claims of no handler, and of many, in the order in which deliveries became due',
    async run(bench: LogBench): Promise<void> {
      const [worker, queue] = [await bench.worker(), await bench.queue()];
      assert.deepEqual((await queue.claim({ workerId: worker, quotas: [], suspects: false })).claimed, []);
      const handlers: number[] = [];
      for (let at = 0; at < 20; at++) handlers.unshift(await bench.handler());
      for (const handler of handlers) await bench.deliveries(handler, 2);
      for (const some of [handlers.slice(0, 3), handlers.slice(3)]) {
        const quotas = some.map((handlerId) => ({ handlerId, take: 9 }));
        const { claimed } = await queue.claim({ workerId: worker, quotas, suspects: false });
        assert.deepEqual(
          claimed.map(({ handlerId }) => handlerId),
          some.flatMap((handler) => [handler, handler]),
        );
      }
    },
  },
  {
    name: 'claims in the order in which deliveries became due',
    async run(bench: LogBench): Promise<void> {
      const [handler, worker] = [await bench.handler(), await bench.worker()];
      const dueTimes = [50, 10, 40, 10, 30];
      const rows = dueTimes.map((availableAt) =>
        eventRow(bench.unique('due'), { availableAt, handlers: [{ id: handler, rank: 0 }] }),
      );
      const positions = positionsOf(await bench.append(rows));
      const claimed = [
        ...(await bench.claim(worker, handler, 3)),
        ...(await bench.claim(worker, handler, 3)),
      ];
      assert.deepEqual(
        claimed.map(({ position }) => position),
        [1, 3, 4, 2, 0].map((index) => positions[index]),
      );
    },
  },
  {
    name: 'claims what is due by the clock of the database, and nothing else',
    async run(bench: LogBench): Promise<void> {
      const [handler, worker] = [await bench.handler(), await bench.worker()];
      const rows = [-60_000, 60_000].map((wait) =>
        eventRow(bench.unique('due'), {
          availableAt: Date.now() + wait,
          handlers: [{ id: handler, rank: 0 }],
        }),
      );
      const [due] = positionsOf(await bench.append(rows));
      assert.deepEqual(
        (await bench.claim(worker, handler)).map(({ position }) => position),
        [due],
      );
    },
  },
  {
    name: 'claims what is due by the clock of the application where it has one',
    async run(bench: LogBench): Promise<void> {
      const [handler, worker, clock] = [await bench.handler(), await bench.worker(), new FixedClock(NOON)];
      const [id] = await bench.deliveries(handler, 1, clock);
      const row = eventRow(bench.unique('due'), {
        availableAt: NOON + 1,
        handlers: [{ id: handler, rank: 0 }],
      });
      const [later] = positionsOf(await bench.append([row]));
      assert.equal(Number((await bench.delivery(id!))!.due_at), NOON);
      assert.deepEqual(await bench.claim(worker, handler, 9, new FixedClock(NOON - 1)), []);
      assert.deepEqual(
        (await bench.claim(worker, handler, 9, clock)).map(({ position }) => position),
        [id!.position],
      );
      clock.advance(1);
      assert.deepEqual(
        (await bench.claim(worker, handler, 9, clock)).map(({ position }) => position),
        [later],
      );
    },
  },
  {
    name: 'claims deliveries of certain events only where it is told to',
    async run(bench: LogBench): Promise<void> {
      const [handler, worker, queue] = [await bench.handler(), await bench.worker(), await bench.queue()];
      const ids = await bench.deliveries(handler, 4);
      const positions = [ids[1]!.position, ids[3]!.position];
      const quotas = [{ handlerId: handler, take: 9 }];
      const { claimed } = await queue.claim({ workerId: worker, quotas, suspects: false, positions });
      assert.deepEqual(
        claimed.map(({ position }) => position),
        positions,
      );
      assert.equal((await bench.claim(worker, handler)).length, 2);
    },
  },
  {
    name: 'claims either suspects or others',
    async run(bench: LogBench): Promise<void> {
      const [handler, worker, queue] = [await bench.handler(), await bench.worker(), await bench.queue()];
      const [normal, suspect] = await bench.deliveries(handler, 2);
      const { tables } = await bench.database();
      const statement = `UPDATE ${tables.delivery} SET rescues = 3 WHERE handler_id = ? AND position = ?`;
      await bench.run((sql) => sql.change(statement, [handler, suspect!.position]));
      const quotas = [{ handlerId: handler, take: 9 }];
      assert.equal(await queue.hasSuspects(quotas), true);
      const { claimed: suspects } = await queue.claim({ workerId: worker, quotas, suspects: true });
      assert.deepEqual(
        suspects.map(({ position, rescues }) => [position, rescues]),
        [[suspect!.position, 3]],
      );
      assert.equal(await queue.hasSuspects(quotas), false);
      assert.deepEqual(
        (await bench.claim(worker, handler)).map(({ position }) => position),
        [normal!.position],
      );
    },
  },
  {
    name: 'passes over what another transaction is claiming, without waiting for it',
    async run(bench: LogBench): Promise<void> {
      const database = await bench.database();
      // Where writers are serial, the other one waits for the whole transaction.
      if (!database.dialect.can.pool) return;
      const [handler, worker, other] = [await bench.handler(), await bench.worker(), await bench.worker()];
      const ids = await bench.deliveries(handler, 4);
      const quotas = [{ handlerId: handler, take: 2 }];
      const request = { quotas, due: database.time(), suspects: false };
      const claimedBy = async (workerId: number) => {
        const second = await bench.database(1);
        return second.transaction((sql) =>
          second.dialect.deliveries.claim(sql, second.tables, { ...request, workerId }),
        );
      };
      await database.transaction(async (sql) => {
        const own = await database.dialect.deliveries.claim(sql, database.tables, {
          ...request,
          workerId: worker,
        });
        const others = await claimedBy(other);
        const positions = [...own, ...others].map(({ position }) => position);
        assert.deepEqual(
          positions,
          ids.map(({ position }) => position),
        );
        assert.deepEqual(await claimedBy(other), []);
      });
    },
  },
  {
    name: 'claims each delivery once, however many claim at the same time while others are completed',
    async run(bench: LogBench): Promise<void> {
      const handlers = [await bench.handler(), await bench.handler()];
      for (const handler of handlers) await bench.deliveries(handler, 120);
      const claimed: string[] = [];
      const claimAll = async (number: number) => {
        const [worker, queue] = [await bench.worker(), await bench.queue(number)];
        const quotas = handlers.map((handlerId) => ({ handlerId, take: 7 }));
        // Empty handed means that others hold the rest at this moment: they may still give some back.
        for (let empty = 0; empty < 5;) {
          const { claimed: mine } = await queue.claim({ workerId: worker, quotas, suspects: false });
          empty = mine.length === 0 ? empty + 1 : 0;
          claimed.push(...mine.map(({ handlerId, position }) => `${handlerId}/${position}`));
          const done = await queue.complete(worker, mine);
          assert.equal(done.length, mine.length);
        }
      };
      await Promise.all([0, 0, 1, 1].map(claimAll));
      assert.equal(new Set(claimed).size, claimed.length);
      assert.equal(claimed.length, 240);
    },
  },
];
