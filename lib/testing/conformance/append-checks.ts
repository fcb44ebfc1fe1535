import { strict as assert } from 'node:assert';
import {
  assertRising,
  type BenchCheck,
  eventRow,
  positionsOf,
  rolledBack,
  type LogBench,
} from './log-bench.js';
import { LOOK_ALIKES } from './look-alikes.js';

const MEGABYTE = 1024 * 1024;

export const appendChecks: readonly BenchCheck[] = [
  {
    name: 'appends one event as it was given',
    async run(bench: LogBench): Promise<void> {
      const key = bench.unique('one');
      const given = {
        orderKey: 'order',
        occurredAt: 17,
        recordedAt: 18,
        availableAt: 19,
        registryVersion: 20,
      };
      const [appended] = await bench.append([
        eventRow(key, { ...given, stream: 'stream', streamVersion: 21 }),
      ]);
      const row = (await bench.event(key))!;
      assert.deepEqual(appended, { kind: 'recorded', position: Number(row.position) });
      assert.equal(row.event_group, 'conformance.Checked');
      assert.equal(row.order_key, 'order');
      assert.equal(row.stream, 'stream');
      const numbers = [
        row.occurred_at,
        row.recorded_at,
        row.available_at,
        row.registry_version,
        row.stream_version,
      ];
      assert.deepEqual(numbers.map(Number), [17, 18, 19, 20, 21]);
    },
  },
  {
    name: 'appends 1,500 events in one call, positions in the order of the input',
    async run(bench: LogBench): Promise<void> {
      const before = await bench.append([eventRow(bench.unique('before'))]);
      const base = bench.unique('many');
      // Neither in the order of the keys nor against it.
      const keys = Array.from({ length: 1500 }, (_, index) => `${base} ${(index * 7919) % 1500}`);
      const positions = positionsOf(await bench.append(keys.map((key) => eventRow(key))));
      assertRising([...positionsOf(before), ...positions]);
      for (const index of [0, 1, 749, 1499]) {
        assert.equal(Number((await bench.event(keys[index]!))!.position), positions[index]);
      }
    },
  },
  {
    name: 'records a key once: twice in one call, its first event',
    async run(bench: LogBench): Promise<void> {
      const [key, other] = [bench.unique('twice'), bench.unique('twice')];
      const rows = [eventRow(key, { payload: '1' }), eventRow(other), eventRow(key, { payload: '2' })];
      const [first, between, second] = await bench.append(rows);
      assertRising(positionsOf([first!, between!]));
      assert.deepEqual(second, { kind: 'known', group: 'conformance.Checked' });
      assert.equal((await bench.event(key))!.payload, '1');
    },
  },
  {
    name: 'records a key once: in a later call, alone or among new ones, and tells the group that it has',
    async run(bench: LogBench): Promise<void> {
      const key = bench.unique('again');
      await bench.append([eventRow(key, { payload: '1' })]);
      const rows = [
        eventRow(bench.unique('new')),
        eventRow(key, { payload: '2', group: 'another' }),
        eventRow(bench.unique('new')),
      ];
      const [before, again, after] = await bench.append(rows);
      assertRising(positionsOf([before!, after!]));
      assert.deepEqual(again, { kind: 'known', group: 'conformance.Checked' });
      const [alone] = await bench.append([eventRow(key)], 1);
      assert.deepEqual(alone, { kind: 'known', group: 'conformance.Checked' });
      assert.equal((await bench.event(key))!.payload, '1');
    },
  },
  {
    name: 'goes on in a transaction that met a key which is there already',
    async run(bench: LogBench): Promise<void> {
      const database = await bench.database();
      const [key, other] = [bench.unique('met'), bench.unique('met')];
      await bench.append([eventRow(key)]);
      await database.dataSource.transaction(async (manager) => {
        assert.equal((await bench.appendIn(manager, [eventRow(key)]))[0]!.kind, 'known');
        positionsOf(await bench.appendIn(manager, [eventRow(other)]));
        assert.equal((await bench.appendIn(manager, [eventRow(other)]))[0]!.kind, 'known');
      });
      assert.ok(await bench.event(other));
    },
  },
  {
    name: 'takes back what was rolled back, which can be recorded afterwards',
    async run(bench: LogBench): Promise<void> {
      const key = bench.unique('back');
      const handler = await bench.handler();
      const row = eventRow(key, { handlers: [{ id: handler, rank: 0 }] });
      await rolledBack(await bench.database(), (manager) => bench.appendIn(manager, [row]));
      assert.equal(await bench.event(key), undefined);
      const [position] = positionsOf(await bench.append([row], 1));
      assert.ok(await bench.delivery({ handlerId: handler, position: position! }));
      assert.equal((await bench.claim(await bench.worker(), handler)).length, 1);
    },
  },
  {
    name: 'takes back what a savepoint rolled back, and keeps what was before and after it',
    async run(bench: LogBench): Promise<void> {
      const database = await bench.database();
      const [before, within, after] = [bench.unique('before'), bench.unique('within'), bench.unique('after')];
      await database.dataSource.transaction(async (manager) => {
        await bench.appendIn(manager, [eventRow(before)]);
        const savepoint = manager.transaction(async (nested) => {
          await bench.appendIn(nested, [eventRow(within)]);
          throw new RangeError('rolls back');
        });
        await assert.rejects(savepoint, RangeError);
        await bench.appendIn(manager, [eventRow(after)]);
      });
      assert.ok(await bench.event(before));
      assert.equal(await bench.event(within), undefined);
      assert.ok(await bench.event(after));
    },
  },
  ...LOOK_ALIKES.map(
    ([what, keys]) =>
      ({
        name: `tells keys apart byte by byte: ${what}`,
        async run(bench: LogBench): Promise<void> {
          const base = bench.unique('alike');
          const rows = keys.map((key, index) => eventRow(base + key, { payload: String(index) }));
          assert.equal(new Set(positionsOf(await bench.append(rows))).size, keys.length);
          for (const [index, key] of keys.entries()) {
            const stored = (await bench.event(base + key))!;
            assert.deepEqual([stored.event_key, stored.payload], [base + key, String(index)]);
          }
          const again = await bench.append(rows.toReversed(), 1);
          assert.ok(again.every(({ kind }) => kind === 'known'));
        },
      }) satisfies BenchCheck,
  ),
  {
    name: 'takes keys and groups of 255 bytes, also of characters of four bytes, and tells their ends apart',
    async run(bench: LogBench): Promise<void> {
      const digits = String(Date.now()).slice(-3);
      const keys = ['🙂', '🙃'].map((end) => digits + '🙂'.repeat(62) + end);
      const ascii = ['a', 'b'].map((end) => bench.unique('long').padEnd(254, 'x') + end);
      const rows = [...keys, ...ascii].map((key) => eventRow(key, { group: key, orderKey: key }));
      assert.equal(Buffer.byteLength(rows[0]!.key), 255);
      assertRising(positionsOf(await bench.append(rows)));
      for (const { key } of rows) {
        const { event_key, event_group, order_key } = (await bench.event(key))!;
        assert.deepEqual([event_key, event_group, order_key], [key, key, key]);
      }
    },
  },
  {
    name: 'creates the deliveries of recorded events only, due as told',
    async run(bench: LogBench): Promise<void> {
      const [one, two] = [await bench.handler(), await bench.handler()];
      const handlers = [
        { id: one, rank: 0 },
        { id: two, rank: 3, ordered: true },
      ];
      const [key, later] = [bench.unique('delivered'), bench.unique('later')];
      const rows = [
        eventRow(key, { handlers, orderKey: 'o' }),
        eventRow(later, { handlers: [handlers[0]!], availableAt: 4e12 }),
      ];
      const [first, second] = positionsOf(await bench.append(rows));
      const again = await bench.append([
        eventRow(key, { handlers: [{ id: await bench.handler(), rank: 0 }] }),
      ]);
      assert.equal(again[0]!.kind, 'known');
      const stored = await bench.run(async (sql) => {
        const { tables } = await bench.database();
        return sql.rows(
          `SELECT * FROM ${tables.delivery} WHERE position IN (?, ?) ORDER BY position, handler_id`,
          [first, second],
        );
      });
      const facts = stored.map((row) => [
        Number(row.handler_id),
        Number(row.position),
        Number(row.handler_rank),
        row.order_key,
      ]);
      assert.deepEqual(facts, [
        [one, first, 0, null],
        [two, first, 3, 'o'],
        [one, second, 0, null],
      ]);
      assert.equal(Number(stored[2]!.due_at), 4e12);
    },
  },
  {
    name: 'creates deliveries of events that are in the log, and leaves those that are there',
    async run(bench: LogBench): Promise<void> {
      const database = await bench.database();
      const handler = await bench.handler();
      const [id] = await bench.deliveries(handler, 1);
      await bench.claim(await bench.worker(), handler);
      const [position] = positionsOf(await bench.append([eventRow(bench.unique('undelivered'))]));
      const rows = [id!.position, position!].map((each) => ({
        handlerId: handler,
        position: each,
        rank: 0,
        orderKey: null,
        availableAt: null,
      }));
      await database.atomically((sql) =>
        database.dialect.deliveries.create(sql, database.tables, rows, database.time()),
      );
      assert.equal(Number((await bench.delivery(id!))!.state), 1);
      assert.equal(Number((await bench.delivery({ handlerId: handler, position: position! }))!.state), 0);
    },
  },
  {
    name: 'keeps payloads: text with NUL escapes, quotes, backslashes and emoji, bytes of every value, none',
    async run(bench: LogBench): Promise<void> {
      const text = JSON.stringify({
        nul: 'a\0b',
        quotes: `'"\``,
        slashes: '\\\\n\n',
        emoji: '👩‍👩‍👧',
        marks: '?$1:a%',
      });
      const bytes = Buffer.from(Array.from({ length: 512 }, (_, index) => index % 256));
      const rows = [
        eventRow(bench.unique('text'), { payload: text, metadata: text }),
        eventRow(bench.unique('bytes'), { payload: null, payloadBytes: bytes, encoding: 'json+gzip' }),
        eventRow(bench.unique('none'), { payload: null }),
      ];
      await bench.append(rows);
      const [asText, asBytes, none] = await Promise.all(rows.map(({ key }) => bench.event(key)));
      assert.deepEqual([asText!.payload, asText!.metadata, asText!.payload_bytes], [text, text, null]);
      assert.deepEqual([asBytes!.payload, asBytes!.encoding], [null, 'json+gzip']);
      assert.ok(bytes.equals(Buffer.from(asBytes!.payload_bytes as Uint8Array)));
      assert.deepEqual([none!.payload, none!.payload_bytes], [null, null]);
    },
  },
  {
    name: 'takes big payloads, and many of them in one call',
    async run(bench: LogBench): Promise<void> {
      const text = JSON.stringify('x'.repeat(8 * MEGABYTE));
      const bytes = Buffer.alloc(5 * MEGABYTE, 200);
      const alone = [
        eventRow(bench.unique('big'), { payload: text }),
        eventRow(bench.unique('big'), { payload: null, payloadBytes: bytes, encoding: 'gzip' }),
      ];
      for (const row of alone) await bench.append([row]);
      assert.equal((await bench.event(alone[0]!.key))!.payload, text);
      assert.ok(bytes.equals(Buffer.from((await bench.event(alone[1]!.key))!.payload_bytes as Uint8Array)));
      const many = Array.from({ length: 20 }, () =>
        eventRow(bench.unique('big'), { payload: text.slice(0, MEGABYTE) }),
      );
      assertRising(positionsOf(await bench.append(many)));
    },
  },
];
