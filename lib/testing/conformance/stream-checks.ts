import { strict as assert } from 'node:assert';
import type { EntityManager } from 'typeorm';
import type { Appended, EventRow } from '../../store/ports/rows.js';
import {
  type BenchCheck,
  eventRow,
  type LogBench,
  positionsOf,
  rolledBack,
  RolledBack,
  Signal,
} from './log-bench.js';

const ROUNDS = 15;

export const streamChecks: readonly BenchCheck[] = [
  {
    name: 'answers for a version that is taken, alone: nothing is known, nothing recorded',
    async run(bench: LogBench): Promise<void> {
      const stream = bench.unique('stream');
      positionsOf(await bench.append([version(stream, 1)]));
      const [again] = await bench.append([version(stream, 1, { payload: '2' })], 1);
      assert.deepEqual(again, { kind: 'versionTaken', stream, version: 1 });
      assert.notEqual((await bench.event(keyOf(stream, 1)))!.payload, '2');
      positionsOf(await bench.append([version(stream, 2)]));
    },
  },
  {
    name: 'answers for a version that is taken under another key, and for a key that another version has',
    async run(bench: LogBench): Promise<void> {
      const stream = bench.unique('stream');
      positionsOf(await bench.append([version(stream, 1)]));
      const otherKey = version(stream, 1, { key: bench.unique('key') });
      const otherVersion = version(stream, 2, { key: keyOf(stream, 1) });
      for (const row of [otherKey, otherVersion]) {
        const taken = { kind: 'versionTaken', stream, version: row.streamVersion };
        assert.deepEqual(await bench.append([row]), [taken]);
        assert.deepEqual(await bench.append([eventRow(bench.unique('beside')), row]), [taken, taken]);
      }
      assert.equal(await bench.event(otherKey.key), undefined);
    },
  },
  {
    name: 'records nothing of an append in which a version is taken: no event, delivery or tag',
    async run(bench: LogBench): Promise<void> {
      const [stream, other] = [bench.unique('stream'), bench.unique('stream')];
      positionsOf(await bench.append([version(stream, 2)]));
      const handlers = [{ id: await bench.handler(), rank: 0 }];
      const tags = [bench.unique('tag')];
      const rows = [
        eventRow(bench.unique('before'), { handlers, tags }),
        version(other, 1, { handlers, tags }),
        version(stream, 2, { handlers, tags }),
        version(stream, 3, { handlers, tags }),
      ];
      const taken = { kind: 'versionTaken', stream, version: 2 };
      assert.deepEqual(await bench.append(rows), [taken, taken, taken, taken]);
      await assertNothingOf(
        bench,
        rows.filter(({ key }) => key !== keyOf(stream, 2)),
      );
      assert.equal((await bench.claim(await bench.worker(), handlers[0]!.id)).length, 0);
      positionsOf(await bench.append([rows[0]!, rows[1]!, rows[3]!]));
    },
  },
  {
    name: 'takes one version of a stream once in one append',
    async run(bench: LogBench): Promise<void> {
      const stream = bench.unique('stream');
      const rows = [version(stream, 1), version(stream, 2), version(stream, 2)];
      const taken = { kind: 'versionTaken', stream, version: 2 };
      assert.deepEqual(await bench.append(rows), [taken, taken, taken]);
      await assertNothingOf(bench, rows);
    },
  },
  {
    name: 'goes on in a transaction that met a version which is taken, alone or among others',
    async run(bench: LogBench): Promise<void> {
      const { dataSource } = await bench.database();
      const [stream, other] = [bench.unique('stream'), bench.unique('stream')];
      const [before, after] = [bench.unique('before'), bench.unique('after')];
      positionsOf(await bench.append([version(stream, 1)]));
      await dataSource.transaction(async (manager) => {
        positionsOf(await bench.appendIn(manager, [eventRow(before)]));
        assert.equal((await bench.appendIn(manager, [version(stream, 1)]))[0]!.kind, 'versionTaken');
        const rows = [version(other, 1), version(stream, 1)];
        assert.equal((await bench.appendIn(manager, rows))[0]!.kind, 'versionTaken');
        positionsOf(await bench.appendIn(manager, [version(other, 1), version(other, 2), eventRow(after)]));
      });
      for (const key of [before, after, keyOf(other, 1), keyOf(other, 2)]) assert.ok(await bench.event(key));
    },
  },
  {
    name: 'knows keys beside new versions of a stream',
    async run(bench: LogBench): Promise<void> {
      const [stream, key] = [bench.unique('stream'), bench.unique('known')];
      await bench.append([eventRow(key)]);
      const [first, known, second] = await bench.append([
        version(stream, 1),
        eventRow(key),
        version(stream, 2),
      ]);
      positionsOf([first!, second!]);
      assert.deepEqual(known, { kind: 'known', group: 'conformance.Checked' });
    },
  },
  {
    name: 'gives the first version of a stream to one of two writers, one event or several',
    async run(bench: LogBench): Promise<void> {
      for (let round = 0; round < ROUNDS; round++) {
        const stream = bench.unique('race');
        const rows = (number: number) =>
          Array.from({ length: 1 + (round % 3) }, (_, index) =>
            version(stream, index + 1, { group: `${number}` }),
          );
        const both = await Promise.all([0, 1].map((number) => bench.append(rows(number), number)));
        assert.deepEqual(both.map(kindOf).toSorted(), ['recorded', 'versionTaken']);
        const winner = String(both.findIndex((answers) => kindOf(answers) === 'recorded'));
        for (const { key } of rows(0)) assert.equal((await bench.event(key))!.event_group, winner);
      }
    },
  },
  ...['commits', 'rolls back'].map(
    (end) =>
      ({
        name: `waits for who is about to record the version, and goes by its end: it ${end}`,
        async run(bench: LogBench): Promise<void> {
          for (const count of [1, 2]) {
            const stream = bench.unique('held');
            const rows = Array.from({ length: count }, (_, index) => version(stream, index + 1));
            const waiting = await behind(bench, rows, end === 'commits');
            assert.equal(kindOf(waiting), end === 'commits' ? 'versionTaken' : 'recorded');
          }
        },
      }) satisfies BenchCheck,
  ),
  {
    name: 'gives a version that was rolled back to the next',
    async run(bench: LogBench): Promise<void> {
      const stream = bench.unique('stream');
      await rolledBack(await bench.database(), (manager) => bench.appendIn(manager, [version(stream, 1)]));
      positionsOf(await bench.append([version(stream, 1)], 1));
    },
  },
  {
    name: 'tells a duplicate from other failures',
    async run(bench: LogBench): Promise<void> {
      const { dialect, tables } = await bench.database();
      const insert = (name: string, value: number | null) =>
        bench.run((sql) =>
          sql.change(`INSERT INTO ${tables.state} (name, value) VALUES (?, ?)`, [name, value]),
        );
      const kind = (attempt: Promise<unknown>) =>
        attempt.then(
          () => 'none',
          (error: unknown) => dialect.transactions.failure(error),
        );
      const name = bench.unique('state');
      assert.equal(await kind(insert(name, 1)), 'none');
      assert.equal(await kind(insert(name, 1)), 'duplicate');
      assert.equal(await kind(insert(bench.unique('state'), null)), 'other');
    },
  },
];

function keyOf(stream: string, number: number): string {
  return `stream:${stream}:${number}`;
}

function version(stream: string, number: number, values: Partial<EventRow> = {}): EventRow {
  return eventRow(keyOf(stream, number), { stream, streamVersion: number, ...values });
}

/** What became of an append of which all rows have one answer. */
function kindOf(answers: readonly Appended[]): string {
  const kinds = new Set(answers.map(({ kind }) => kind));
  assert.equal(kinds.size, 1);
  return [...kinds][0]!;
}

async function assertNothingOf(bench: LogBench, rows: readonly EventRow[]): Promise<void> {
  const { tables } = await bench.database();
  for (const { key, tags } of rows) {
    assert.equal(await bench.event(key), undefined);
    for (const tag of tags) {
      const stored = await bench.run((sql) => sql.rows(`SELECT * FROM ${tables.tag} WHERE tag = ?`, [tag]));
      assert.deepEqual(stored, []);
    }
  }
}

/** Appends the rows in a transaction of the application while another one, which has appended them, is still open. */
async function behind(bench: LogBench, rows: readonly EventRow[], commits: boolean): Promise<Appended[]> {
  const [holder, waiter] = [await bench.database(), await bench.database(1)];
  const [held, begun] = [new Signal(), new Signal()];
  const holding = holder.dataSource.transaction(async (manager) => {
    positionsOf(await bench.appendIn(manager, rows));
    held.give();
    // With one connection for all, the other one begins only when this one has ended.
    if (holder.dialect.can.pool) await begun.given;
    await roundTrips(bench);
    if (!commits) throw new RolledBack();
  });
  holding.catch(() => undefined);
  await held.given;
  const append = (manager: EntityManager) => {
    const sql = waiter.on(manager.queryRunner!);
    begun.give();
    return waiter.dialect.log.append(sql, waiter.tables, rows, waiter.time());
  };
  const { isolation } = waiter.dialect.transactions;
  const waiting = isolation
    ? waiter.dataSource.transaction(isolation, append)
    : waiter.dataSource.transaction(append);
  await Promise.allSettled([holding, waiting]);
  return waiting;
}

/** Lets the other one get to where it waits: there is no signal for that which every database gives. */
async function roundTrips(bench: LogBench): Promise<void> {
  const { dataSource } = await bench.database(2);
  for (let trip = 0; trip < 10; trip++) await dataSource.query('SELECT 1');
}
