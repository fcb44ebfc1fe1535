import { strict as assert } from 'node:assert';
import { type BenchCheck, eventRow, type LogBench, positionsOf } from './log-bench.js';
import { LOOK_ALIKES } from './look-alikes.js';

export const tagChecks: readonly BenchCheck[] = [
  {
    name: 'stores the tags of recorded events only, of one event or of several',
    async run(bench: LogBench): Promise<void> {
      const tags = [bench.unique('tag'), bench.unique('tag')];
      const [one, known] = [bench.unique('one'), bench.unique('known')];
      const [first] = positionsOf(await bench.append([eventRow(one, { tags })]));
      await bench.append([eventRow(known)]);
      const rows = [
        eventRow(bench.unique('untagged')),
        eventRow(known, { tags }),
        eventRow(bench.unique('tagged'), { tags: tags.slice(1) }),
        eventRow(bench.unique('tagged'), { tags }),
      ];
      const [untagged, again, second, third] = await bench.append(rows);
      assert.equal(again!.kind, 'known');
      assert.equal((await bench.append([eventRow(one, { tags: [bench.unique('tag')] })]))[0]!.kind, 'known');
      assert.equal(untagged!.kind, 'recorded');
      const [two, three] = positionsOf([second!, third!]);
      assert.deepEqual(await tagged(bench, tags[0]!), [first, three]);
      assert.deepEqual(await tagged(bench, tags[1]!), [first, two, three]);
    },
  },
  {
    name: 'takes back tags with their event',
    async run(bench: LogBench): Promise<void> {
      const { dataSource } = await bench.database();
      const tags = [bench.unique('tag')];
      const transaction = dataSource.transaction(async (manager) => {
        await bench.appendIn(manager, [eventRow(bench.unique('back'), { tags })]);
        throw new RangeError('rolls back');
      });
      await assert.rejects(transaction, RangeError);
      assert.deepEqual(await tagged(bench, tags[0]!), []);
    },
  },
  {
    name: 'stores 2,000 tags of one event, and of two',
    async run(bench: LogBench): Promise<void> {
      const base = bench.unique('tag');
      const tags = Array.from({ length: 2000 }, (_, index) => `${base} ${index}`.padEnd(255, 'x'));
      const [one] = positionsOf(await bench.append([eventRow(bench.unique('tagged'), { tags })]));
      const [two] = positionsOf(
        await bench.append([eventRow(bench.unique('tagged'), { tags }), eventRow(bench.unique('other'))]),
      );
      for (const tag of [tags[0]!, tags.at(-1)!]) assert.deepEqual(await tagged(bench, tag), [one, two]);
    },
  },
  ...LOOK_ALIKES.map(
    ([what, alike]) =>
      ({
        name: `tells tags apart byte by byte: ${what}`,
        async run(bench: LogBench): Promise<void> {
          const base = bench.unique('tag');
          const tags = alike.map((end) => base + end);
          const [position] = positionsOf(await bench.append([eventRow(bench.unique('tagged'), { tags })]));
          for (const tag of tags) assert.deepEqual(await tagged(bench, tag), [position]);
        },
      }) satisfies BenchCheck,
  ),
];

async function tagged(bench: LogBench, tag: string): Promise<number[]> {
  const { tables } = await bench.database();
  const rows = await bench.run((sql) =>
    sql.rows(`SELECT position FROM ${tables.tag} WHERE tag = ? ORDER BY position`, [tag]),
  );
  return rows.map(({ position }) => Number(position));
}
