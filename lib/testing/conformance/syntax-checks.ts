import { strict as assert } from 'node:assert';
import type { BenchCheck, LogBench } from './log-bench.js';

export const syntaxChecks: readonly BenchCheck[] = [
  {
    name: 'insertNew leaves a row that is there as it is, and goes on in the same transaction',
    async run(bench: LogBench): Promise<void> {
      const database = await bench.database();
      const name = bench.unique('state').slice(0, 60);
      const insert = database.dialect.syntax.insertNew(database.tables.state, ['name', 'value']);
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
    name: 'now is the time in milliseconds, as a number that can be subtracted from',
    async run(bench: LogBench): Promise<void> {
      const { dialect } = await bench.database();
      const row = await bench.run((sql) =>
        sql.row(`SELECT ${dialect.syntax.now} AS now, ${dialect.syntax.now} - ? AS past`, [9e15]),
      );
      assert.ok(Math.abs(Number(row!.now) - Date.now()) < 60_000, `now is ${String(row!.now)}`);
      assert.ok(Number(row!.past) < 0);
    },
  },
  {
    name: 'contains finds a text in a column byte by byte, and nothing in null',
    async run(bench: LogBench): Promise<void> {
      const { dialect } = await bench.database();
      const contains = dialect.syntax.contains('t.line');
      const found = (part: string) =>
        bench.run(async (sql) => {
          const lines = `SELECT CAST('Ärger: 100%_' AS CHAR(20)) AS line UNION ALL SELECT NULL`;
          return (await sql.rows(`SELECT 1 AS one FROM (${lines}) t WHERE ${contains}`, [part])).length;
        });
      const parts = ['ger', '100%_', 'Ä', 'ä', 'GER', '1%0'];
      assert.deepEqual(await Promise.all(parts.map(found)), [1, 1, 1, 0, 0, 0]);
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
