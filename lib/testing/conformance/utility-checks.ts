import { strict as assert } from 'node:assert';
import { type BenchCheck, RolledBack, type LogBench } from './log-bench.js';

export const utilityChecks: readonly BenchCheck[] = [
  {
    name: 'insertNew leaves a row that is there as it is, and goes on in the same transaction',
    async run(bench: LogBench): Promise<void> {
      const database = await bench.database();
      const name = bench.unique('state').slice(0, 60);
      const insert = database.dialect.insertNew(database.tables.state, ['name', 'value']);
      const values = await database.transaction(async (sql) => {
        for (const value of [1, 2]) await sql.change(insert, [name, value]);
        return sql.rows(`SELECT value FROM ${database.tables.state} WHERE name = ?`, [name]);
      });
      assert.deepEqual(
        values.map(({ value }) => Number(value)),
        [1],
      );
    },
  },
  {
    name: 'exclusively runs one at a time, and the next one after a failure',
    async run(bench: LogBench): Promise<void> {
      let inside = 0;
      const name = bench.unique('exclusive');
      const enter = async (number: number) => {
        const database = await bench.database(number % 3);
        return database.transactionOnce((sql) =>
          database.dialect.exclusively(sql, name, async () => {
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
  {
    name: 'now is the time in milliseconds, as a number that can be subtracted from',
    async run(bench: LogBench): Promise<void> {
      const { dialect } = await bench.database();
      const row = await bench.run((sql) =>
        sql.row(`SELECT ${dialect.now} AS now, ${dialect.now} - ? AS past`, [9e15]),
      );
      assert.ok(Math.abs(Number(row!.now) - Date.now()) < 60_000, `now is ${String(row!.now)}`);
      assert.ok(Number(row!.past) < 0);
    },
  },
  {
    name: 'tells how many rows a statement changed',
    async run(bench: LogBench): Promise<void> {
      const { tables } = await bench.database();
      const statement = `UPDATE ${tables.state} SET value = value WHERE name = ?`;
      const counts = await bench.run(async (sql) => [
        await sql.change(statement, ['fan_out']),
        await sql.change(statement, ['none']),
      ]);
      assert.deepEqual(counts, [1, 0]);
    },
  },
];
