import { DataSource, type Logger } from 'typeorm';
import { batchesOf } from '../../../lib/store/dialects/shared/insert-rows.js';
import { eventRow, LogBench, positionsOf } from '../../../lib/testing/conformance/log-bench.js';
import { describeEachDatabase } from '../../support/databases.js';

const MEGABYTE = 1024 * 1024;

/** The most bytes that one statement was given. */
class LargestStatement implements Logger {
  bytes = 0;

  logQuery(statement: string, parameters: unknown[] = []): void {
    const texts = [statement, ...parameters.flat()].map((value) => String(value));
    this.bytes = Math.max(
      this.bytes,
      texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0),
    );
  }

  logQueryError(): void {}
  logQuerySlow(): void {}
  logSchemaBuild(): void {}
  logMigration(): void {}
  log(): void {}
}

describeEachDatabase('a large append', (db) => {
  it('gives no statement more than 5 MiB, in the transaction of the caller or in one of its own', async () => {
    const largest = new LargestStatement();
    const options = await db.options({ logging: true, logger: largest });
    const bench = new LogBench(() => new DataSource(options).initialize());
    const handlers = [{ id: await bench.handler(), rank: 0, ordered: true }];
    const payload = JSON.stringify('x'.repeat(50_000));
    // More than a packet of MariaDB.
    const rows = () =>
      Array.from({ length: 400 }, () =>
        eventRow(bench.unique('large'), { payload, handlers, orderKey: 'o'.repeat(255), tags: ['tag'] }),
      );
    const { dataSource } = await bench.database();
    const inCallers = await dataSource.transaction((manager) => bench.appendIn(manager, rows()));
    const inOwn = await bench.append(rows());
    expect(positionsOf([...inCallers, ...inOwn])).toHaveLength(800);
    expect(largest.bytes).toBeLessThan(5 * MEGABYTE);
    await bench.close();
  });
});

describe('batches of rows', () => {
  it('hold no more bytes than told, but for a row that is larger alone', () => {
    const sizes = [400, 400, 5000, 100, 100, 300];
    expect(batchesOf(sizes, (size) => size, 1000)).toEqual([[400], [400], [5000], [100, 100], [300]]);
    expect(batchesOf(sizes, (size) => size, 1300)).toEqual([[400, 400], [5000], [100, 100, 300]]);
  });

  it('hold 500 rows at most', () => {
    const rows = Array.from({ length: 1001 }, () => 0);
    expect(batchesOf(rows, (size) => size).map(({ length }) => length)).toEqual([500, 500, 1]);
  });
});
