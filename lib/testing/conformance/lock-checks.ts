import { strict as assert } from 'node:assert';
import { type BenchCheck, RolledBack, type LogBench } from './log-bench.js';

export const lockChecks: readonly BenchCheck[] = [
  {
    name: 'exclusively runs one at a time, and the next one after a failure',
    async run(bench: LogBench): Promise<void> {
      let inside = 0;
      const name = bench.unique('exclusive');
      const enter = async (number: number) => {
        const database = await bench.database(number % 3);
        return database.transactionOnce((sql) =>
          database.dialect.locks.exclusively(sql, name, async () => {
            inside += 1;
            assert.equal(inside, 1);
            await sql.rows('SELECT 1 AS one');
            await sql.rows('SELECT 1 AS one');
            inside -= 1;
            if (number === 2) throw new RolledBack();
            return number;
          }),
        );
      };
      const all = await Promise.allSettled([0, 1, 2, 3, 4, 5].map(enter));
      assert.deepEqual(
        all.map(({ status }) => status === 'fulfilled'),
        [true, true, false, true, true, true],
      );
    },
  },
];
