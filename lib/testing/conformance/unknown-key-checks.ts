import { strict as assert } from 'node:assert';
import { type BenchCheck, eventRow, type LogBench } from './log-bench.js';
import { LOOK_ALIKES } from './look-alikes.js';

export const unknownKeyChecks: readonly BenchCheck[] = [
  ...LOOK_ALIKES.map(
    ([what, keys]) =>
      ({
        name: `finds unknown keys byte by byte: ${what}`,
        async run(bench: LogBench): Promise<void> {
          const base = bench.unique('unknown');
          const asked = keys.map((key) => base + key);
          assert.deepEqual(await unknown(bench, asked), asked.toSorted());
          await bench.append([eventRow(asked[1]!)]);
          assert.deepEqual(await unknown(bench, asked), asked.toSpliced(1, 1).toSorted());
          await bench.append(asked.map((key) => eventRow(key)));
          assert.deepEqual(await unknown(bench, asked), []);
        },
      }) satisfies BenchCheck,
  ),
  {
    name: 'finds unknown keys among 1,000 of 255 bytes',
    async run(bench: LogBench): Promise<void> {
      const base = bench.unique('unknown');
      const keys = Array.from({ length: 1000 }, (_, index) => `${base} ${index} `.padEnd(255, 'x'));
      assert.deepEqual(await unknown(bench, keys), keys.toSorted());
      await bench.append(keys.slice(1).map((key) => eventRow(key)));
      assert.deepEqual(await unknown(bench, keys), [keys[0]]);
    },
  },
];

async function unknown(bench: LogBench, keys: readonly string[]): Promise<string[]> {
  const { dialect, tables } = await bench.database();
  return (await bench.run((sql) => dialect.log.unknownKeys(sql, tables, keys))).toSorted();
}
