import type { Database } from '../../../lib/store/db/database.js';
import { DeliveryChanges } from '../../../lib/store/deliveries/delivery-changes.js';
import type { Sql } from '../../../lib/store/ports/sql.js';
import { describeEachDatabase } from '../../support/databases.js';
import { handler, LogProcess } from './log-process.js';

describeEachDatabase('changing many deliveries', (db) => {
  let process: LogProcess;
  let positions: number[];

  beforeEach(async () => {
    process = await LogProcess.start(await db.create());
    await process.registry.register([handler('Mails', '*')]);
    const keys = Array.from({ length: 1100 }, (_, id) => `key_${id}`);
    positions = await process.write('mail', ...keys);
  });
  afterEach(() => process.stop());

  const change = (statement: string, ...parameters: number[]) =>
    process.database.run((sql) => sql.change(statement, parameters));
  const states = async () => {
    const { delivery, finished } = process.database.tables;
    const rows = await process.database.run((sql) =>
      sql.rows(
        `SELECT state, count(*) AS count FROM (SELECT state FROM ${delivery} UNION ALL SELECT state FROM ${finished}) s
         GROUP BY state`,
      ),
    );
    return Object.fromEntries(rows.map(({ state, count }) => [Number(state), Number(count)]));
  };

  it('leaves alone what changes meanwhile, and retries nothing twice', async () => {
    const { delivery } = process.database.tables;
    await change(`UPDATE ${delivery} SET state = 2, failed_at = 1`);
    const retried: number[] = [];
    for await (const count of process.changes.retry({ status: 'dead' })) {
      retried.push(count);
      // What was retried dies again; of what comes next one is pending already.
      await change(`UPDATE ${delivery} SET state = 2 WHERE position <= ?`, positions[999]!);
      await change(`UPDATE ${delivery} SET state = 0 WHERE position = ?`, positions[1050]!);
    }
    expect(retried).toEqual([1000, 99]);
    expect(await states()).toEqual({ 0: 100, 2: 1000 });
  });

  it('leaves alone what changed between the reading of its page and the change', async () => {
    const { database } = process;
    const { delivery } = database.tables;
    await change(`UPDATE ${delivery} SET state = 2, failed_at = 1 WHERE position <= ?`, positions[9]!);
    const runs = `UPDATE ${delivery} SET state = 1, worker_id = 1 WHERE position = ?`;
    const overtaken: Database = Object.create(database, {
      transaction: {
        value: async <T>(work: (sql: Sql) => Promise<T>): Promise<T> => {
          await change(runs, positions[3]!);
          return database.transaction(work);
        },
      },
    });
    const counts: number[] = [];
    for await (const count of new DeliveryChanges(overtaken).retry({ status: 'dead' })) counts.push(count);
    expect(counts).toEqual([9]);
    expect(await states()).toEqual({ 0: 1099, 1: 1 });
  });

  it('asks those to end that began to run meanwhile, unless only what is pending was meant', async () => {
    const { delivery } = process.database.tables;
    const runs = () =>
      change(`UPDATE ${delivery} SET state = 1, worker_id = 1 WHERE position = ?`, positions[1050]!);
    for await (const _ of process.changes.cancel({ status: 'pending' })) await runs();
    expect(await states()).toEqual({ 1: 1, 4: 1099 });
    for await (const { running } of process.changes.cancel({}))
      expect(running).toMatchObject([{ position: positions[1050] }]);
    expect(await change(`DELETE FROM ${delivery} WHERE cancel_requested = 1`)).toBe(1);
  });

  it('passes over what was cancelled after it began, and reopens each once', async () => {
    for await (const _ of process.changes.cancel({}));
    const reopened: number[] = [];
    for await (const count of process.changes.retry({ status: 'cancelled' })) {
      reopened.push(count);
      await process.cancel({ key: 'key_0' });
    }
    expect(reopened).toEqual([1000, 100]);
    expect(await states()).toEqual({ 0: 1099, 4: 1 });
  });
});
