import { strict as assert } from 'node:assert';
import { recordedAt } from '../../store/ports/rows.js';
import {
  assertRising,
  type BenchCheck,
  eventRow,
  type LogBench,
  positionsOf,
  rolledBack,
} from './log-bench.js';

/** More than one statement carries, in few rows. */
const LARGE = JSON.stringify('xxxxxxxxx"'.repeat(100_000));

/** Keys of events that one statement does not carry, neither in their order nor against it. */
function keysOf(bench: LogBench): string[] {
  const base = bench.unique('large');
  return Array.from({ length: 11 }, (_, index) => `${base} ${String((index * 7) % 11).padStart(2, '0')}`);
}

/** Of an append of more bytes than one statement carries. */
export const largeAppendChecks: readonly BenchCheck[] = [
  {
    name: 'appends more bytes than one statement carries, positions in the order of the input',
    async run(bench: LogBench): Promise<void> {
      const handler = await bench.handler();
      const keys = keysOf(bench);
      const rows = keys.map((key) =>
        eventRow(key, { payload: LARGE, tags: [key], handlers: [{ id: handler, rank: 0 }] }),
      );
      const positions = positionsOf(await bench.append(rows));
      assertRising(positions);
      assert.equal((await bench.event(keys[5]!))!.payload, LARGE);
      assert.equal(Number((await bench.event(keys[5]!))!.position), positions[5]);
      const claimed = await bench.claim(await bench.worker(), handler);
      assert.deepEqual(
        claimed.map(({ position }) => position),
        positions,
      );
      const { tables } = await bench.database();
      const tag = await bench.run((sql) =>
        sql.row(`SELECT position FROM ${tables.tag} WHERE tag = ?`, [keys[3]]),
      );
      assert.equal(Number(tag!.position), positions[3]);
    },
  },
  {
    name: 'records a key once in an append of more bytes than one statement carries, and tells the group that it has',
    async run(bench: LogBench): Promise<void> {
      const handler = await bench.handler();
      const keys = keysOf(bench);
      await bench.append([eventRow(keys[2]!, { group: 'another' })]);
      const rows = [...keys, keys[0]!].map((key) =>
        eventRow(key, { payload: LARGE, handlers: [{ id: handler, rank: 0 }] }),
      );
      const answers = await bench.append(rows, 1);
      assert.deepEqual(answers[2], { kind: 'known', group: 'another' });
      assert.deepEqual(answers.at(-1), { kind: 'known', group: 'conformance.Checked' });
      const recorded = answers.map(recordedAt).filter((position) => position !== undefined);
      assert.equal(recorded.length, keys.length - 1);
      assert.equal((await bench.claim(await bench.worker(), handler)).length, keys.length - 1);
    },
  },
  {
    name: 'records nothing of an append of more bytes than one statement carries where a version is taken, and goes on',
    async run(bench: LogBench): Promise<void> {
      const database = await bench.database();
      const keys = keysOf(bench);
      const stream = bench.unique('stream');
      await bench.append([eventRow(bench.unique('taken'), { stream, streamVersion: 9 })]);
      const rows = keys.map((key, index) =>
        eventRow(key, { payload: LARGE, stream, streamVersion: index + 1 }),
      );
      await database.dataSource.transaction(async (manager) => {
        const answers = await bench.appendIn(manager, rows);
        assert.deepEqual(answers[0], { kind: 'versionTaken', stream, version: 9 });
        positionsOf(await bench.appendIn(manager, [eventRow(`${stream} after`)]));
      });
      for (const key of keys) assert.equal(await bench.event(key), undefined);
      assert.ok(await bench.event(`${stream} after`));
    },
  },
  {
    name: 'takes back an append of more bytes than one statement carries, with its transaction or where it fails',
    async run(bench: LogBench): Promise<void> {
      const keys = keysOf(bench);
      const rows = keys.map((key) => eventRow(key, { payload: LARGE }));
      await rolledBack(await bench.database(), (manager) => bench.appendIn(manager, rows));
      // Of the last key, so that the others have been inserted.
      const failing = eventRow(`${keys[0]!} last`, { occurredAt: NaN });
      await assert.rejects(bench.append([...rows, failing]));
      for (const key of keys) assert.equal(await bench.event(key), undefined);
      assertRising(positionsOf(await bench.append(rows)));
    },
  },
  {
    name: 'appends the same keys, more bytes than one statement carries, from two processes without a deadlock',
    async run(bench: LogBench): Promise<void> {
      const rows = keysOf(bench).map((key) => eventRow(key, { payload: LARGE }));
      const small = rows.map((row) => ({ ...row, payload: '1' })).reverse();
      const [first, ...others] = await Promise.all([
        bench.append(rows, 0),
        bench.append([...rows].reverse(), 1),
        bench.append(small, 2),
      ]);
      const count = [first, ...others].flat().filter(({ kind }) => kind === 'recorded').length;
      assert.equal(count, rows.length);
    },
  },
];
