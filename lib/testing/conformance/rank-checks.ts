import { strict as assert } from 'node:assert';
import type { AttemptId } from '../../store/deliveries/delivery-queue.js';
import { Promotion } from '../../store/deliveries/promotion.js';
import type { DeliveryRow, HandlerTarget } from '../../store/ports/rows.js';
import type { Sql } from '../../store/ports/sql.js';
import { FixedClock } from '../fixed-clock.js';
import { type BenchCheck, eventRow, type LogBench, positionsOf } from './log-bench.js';
import { complete, dues, events, interrupted, LEASE, promote, remove, row, targetsOf } from './rank-bench.js';

const NOON = Date.parse('2026-06-01T12:00:00Z');
const HOUR = 3_600_000;

/** Of one event each: at once, delayed, delayed until a time that is over. */
const AVAILABLE = [null, NOON + HOUR, NOON - HOUR];
const DUE = [NOON, NOON + HOUR, NOON];
const LATER = DUE.map((due) => due + LEASE);

export const rankChecks: readonly BenchCheck[] = [
  {
    name: 'ranks: deliveries are put off from the time on at which the others of their event are due',
    async run(bench: LogBench): Promise<void> {
      const clock = new FixedClock(NOON);
      const [first, last] = await targetsOf(bench, [0, 1000]);
      const rows = () =>
        AVAILABLE.map((availableAt) =>
          eventRow(bench.unique('ranked'), { availableAt, handlers: [first!, last!] }),
        );
      const together = positionsOf(await bench.append(rows(), 0, clock));
      const alone: number[] = [];
      for (const row of rows()) alone.push(...positionsOf(await bench.append([row], 0, clock)));
      for (const positions of [together, alone]) {
        assert.deepEqual((await dues(bench, first!, positions)).slice(0, 2), DUE.slice(0, 2));
        assert.deepEqual(await dues(bench, last!, positions), LATER);
      }
    },
  },
  {
    name: 'ranks: deliveries of events that are in the log are put off in the same way',
    async run(bench: LogBench): Promise<void> {
      const database = await bench.database(0, new FixedClock(NOON));
      const [first, last] = await targetsOf(bench, [0, 1000]);
      const events = AVAILABLE.map((availableAt) => eventRow(bench.unique('ranked'), { availableAt }));
      const positions = positionsOf(await bench.append(events));
      const rows = positions.flatMap((position, index) =>
        [first!, last!].map(({ id: handlerId, rank, wait }): DeliveryRow => {
          return { handlerId, rank, wait, position, orderKey: null, availableAt: AVAILABLE[index]! };
        }),
      );
      await database.atomically((sql) =>
        database.dialect.deliveries.create(sql, database.tables, rows, database.time()),
      );
      assert.deepEqual((await dues(bench, first!, positions)).slice(0, 2), DUE.slice(0, 2));
      assert.deepEqual(await dues(bench, last!, positions), LATER);
    },
  },
  {
    name: 'ranks: by the clock of the database where the application has none of its own',
    async run(bench: LogBench): Promise<void> {
      const [first, last] = await targetsOf(bench, [0, 1000], 10 * HOUR);
      const rows = [1, 2, 3].map(() => eventRow(bench.unique('ranked'), { handlers: [first!, last!] }));
      const positions = positionsOf([
        ...(await bench.append(rows.slice(0, 1))),
        ...(await bench.append(rows.slice(1))),
      ]);
      const around = async (expected: number) => {
        for (const due of await dues(bench, last!, positions)) {
          const off = due - Date.now() - expected;
          assert.ok(Math.abs(off) < 60_000, `${off} ms off`);
        }
      };
      await around(10 * HOUR);
      await complete(bench, first!, positions);
      const promoted = await promote(bench, [first!, last!], positions, undefined, 10 * HOUR);
      assert.deepEqual(promoted, positions);
      await around(0);
    },
  },
  {
    name: 'ranks: one after another become due, those of a rank together',
    async run(bench: LogBench): Promise<void> {
      const clock = new FixedClock(NOON);
      const targets = await targetsOf(bench, [0, 1, 1, 1000]);
      const positions = await events(bench, targets, 2, clock);
      const [one, other] = positions as [number, number];
      const due = async () =>
        Promise.all(
          targets.map(async (target) =>
            (await dues(bench, target, positions)).map((at) => (at <= NOON ? 'due' : 'waits')),
          ),
        );
      assert.deepEqual(await promote(bench, targets, positions, clock), []);
      await complete(bench, targets[0]!, [one], clock);
      assert.deepEqual(await promote(bench, targets, positions, clock), [one, one]);
      const [waits, mixed] = [
        ['waits', 'waits'],
        ['due', 'waits'],
      ];
      assert.deepEqual((await due()).slice(1), [mixed, mixed, waits]);
      await complete(bench, targets[1]!, [one], clock);
      assert.deepEqual(await promote(bench, targets, positions, clock), []);
      await complete(bench, targets[2]!, [one], clock);
      assert.deepEqual(await promote(bench, targets, positions, clock), [one]);
      assert.deepEqual(await promote(bench, targets, positions, clock), []);
      assert.deepEqual((await dues(bench, targets[3]!, positions)).map(Number), [NOON, NOON + LEASE]);
      assert.equal((await bench.delivery({ handlerId: targets[0]!.id, position: other }))?.state, 0);
    },
  },
  ...(['pending', 'running'] as const).map((state): BenchCheck => ({
    name: `ranks: wait for a first attempt that is ${state}, for a lease at most`,
    async run(bench: LogBench): Promise<void> {
      const clock = new FixedClock(NOON);
      const targets = await targetsOf(bench, [0, 1, 2]);
      const positions = await events(bench, targets, 1, clock);
      if (state === 'running') await bench.claim(await bench.worker(), targets[0]!.id, 1, clock);
      assert.deepEqual(await promote(bench, targets, positions, clock), []);
      clock.advance(LEASE);
      // Rank 1 is due by itself.
      assert.deepEqual(await promote(bench, targets, positions, clock), []);
      await complete(bench, targets[1]!, positions, clock);
      assert.deepEqual(await promote(bench, targets, positions, clock), positions);
      assert.deepEqual(await dues(bench, targets[2]!, positions), [NOON + LEASE]);
    },
  })),
  {
    name: 'ranks: wait for no attempt but the first, whatever came of it',
    async run(bench: LogBench): Promise<void> {
      const clock = new FixedClock(NOON);
      const [targets, queue, worker] = [
        await targetsOf(bench, [0, 1000]),
        await bench.queue(0, clock),
        await bench.worker(),
      ];
      const positions = await events(bench, targets, 6, clock);
      const ids = positions.map((position) => ({ handlerId: targets[0]!.id, position, starts: 0 }));
      await bench.claim(worker, targets[0]!.id, 6, clock);
      const [retried, dead, snoozed, cancelled, cutOff] = ids as [
        AttemptId,
        AttemptId,
        AttemptId,
        AttemptId,
        AttemptId,
      ];
      await queue.fail(worker, { ...retried, error: 'no', retryIn: HOUR });
      await queue.fail(worker, { ...dead, error: 'no' });
      await queue.snooze(worker, snoozed, new Date(NOON + HOUR));
      await queue.cancel(worker, cancelled);
      await queue.cutOff(worker, cutOff);
      assert.deepEqual(await promote(bench, targets, positions, clock), positions.slice(0, 5));
    },
  },
  {
    name: 'ranks: nothing is brought forward that was put off for another reason',
    async run(bench: LogBench): Promise<void> {
      const clock = new FixedClock(NOON);
      const targets = await targetsOf(bench, [0, 1000]);
      const [first, last] = targets as [HandlerTarget, HandlerTarget];
      const positions = await events(bench, targets, 4, clock);
      const [queue, worker] = [await bench.queue(0, clock), await bench.worker()];
      clock.advance(LEASE);
      await bench.claim(worker, last.id, 4, clock);
      const [snoozed, retried, running, dead] = positions.map((position) => ({
        handlerId: last.id,
        position,
        starts: 0,
      })) as [AttemptId, AttemptId, AttemptId, AttemptId];
      await queue.snooze(worker, snoozed, new Date(NOON + HOUR));
      await queue.fail(worker, { ...retried, error: 'no', retryIn: HOUR });
      await queue.fail(worker, { ...dead, error: 'no' });
      const [delayed] = positionsOf(
        await bench.append(
          [eventRow(bench.unique('delayed'), { availableAt: NOON + HOUR, handlers: targets })],
          0,
          clock,
        ),
      );
      const all = [...positions, delayed!];
      // As when a person cancels what is not due yet.
      await remove(bench, first, all);
      const before = await Promise.all(all.map((position) => row(bench, last, position)));
      clock.set(NOON);
      assert.deepEqual(await promote(bench, targets, all, clock), []);
      const after = await Promise.all(all.map((position) => row(bench, last, position)));
      assert.deepEqual(after, before);
      assert.equal(Number((await bench.delivery(running))!.state), 1);
      clock.set(NOON + HOUR);
      assert.deepEqual(await promote(bench, targets, all, clock), [delayed]);
    },
  },
  {
    name: 'ranks: what changed between the look and the change stays as it is',
    async run(bench: LogBench): Promise<void> {
      const clock = new FixedClock(NOON);
      const targets = await targetsOf(bench, [0, 1000]);
      const last = targets[1]!;
      const positions = await events(bench, targets, 4, clock);
      await complete(bench, targets[0]!, positions, clock);
      const [started, claimed, due, left] = positions as [number, number, number, number];
      const { tables } = await bench.database();
      const meanwhile = async (sql: Sql) => {
        const change = (changes: string, position: number) =>
          sql.change(`UPDATE ${tables.delivery} SET ${changes} WHERE handler_id = ? AND position = ?`, [
            last.id,
            position,
          ]);
        await change(`starts = 1, due_at = ${NOON + HOUR}`, started);
        await change('state = 1, worker_id = 1', claimed);
        await change(`due_at = ${NOON - 1}`, due);
      };
      const database = interrupted(await bench.database(0, clock), meanwhile);
      const ids = targets.map(({ id }) => id);
      assert.equal((await new Promotion(database, LEASE).promote(ids, positions)).length, 4);
      assert.deepEqual(await dues(bench, last, positions), [NOON + HOUR, NOON + LEASE, NOON - 1, NOON]);
      assert.equal(Number((await row(bench, last, left))!.state), 0);
    },
  },
  {
    name: 'ranks: only of the handlers that are named',
    async run(bench: LogBench): Promise<void> {
      const clock = new FixedClock(NOON);
      const targets = await targetsOf(bench, [0, 1000, 1000]);
      const positions = await events(bench, targets, 1, clock);
      assert.deepEqual(await promote(bench, targets.slice(1, 2), positions, clock), positions);
      assert.deepEqual(await dues(bench, targets[2]!, positions), [NOON + LEASE]);
    },
  },
  {
    name: 'ranks: many become due at once, however many ask for it at the same time',
    async run(bench: LogBench): Promise<void> {
      const clock = new FixedClock(NOON);
      const targets = await targetsOf(bench, [0, 1000, 1000]);
      const positions = await events(bench, targets, 200, clock);
      await complete(bench, targets[0]!, positions, clock);
      const orders = [positions, positions.toReversed(), positions, positions.toReversed()];
      await Promise.all(orders.map((order, number) => promote(bench, targets, order, clock, LEASE, number)));
      for (const target of targets.slice(1))
        assert.deepEqual(new Set(await dues(bench, target, positions)), new Set([NOON]));
    },
  },
];
