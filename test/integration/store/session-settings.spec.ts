import { DataSource } from 'typeorm';
import { eventRow, LogBench } from '../../../lib/testing/conformance/log-bench.js';
import { WorkerLeases } from '../../../lib/store/deliveries/worker-leases.js';
import { describeEachDatabase } from '../../support/databases.js';

const HOUR = 3_600_000;

/** What an application may have set for its sessions. */
const SET = {
  sqlite: ['PRAGMA cache_size = -1234'],
  postgres: [`SET lock_timeout = '7s'`, `SET statement_timeout = '70s'`, `SET enable_seqscan = off`],
  mysql: ['SET SESSION innodb_lock_wait_timeout = 7', 'SET SESSION wait_timeout = 7000'],
};

const SHOW = {
  sqlite: `SELECT * FROM pragma_cache_size, pragma_foreign_keys, pragma_busy_timeout, pragma_synchronous`,
  postgres: 'SELECT name, setting FROM pg_settings ORDER BY name',
  mysql: 'SHOW SESSION VARIABLES',
};

/** What every statement changes, and what is the server's. */
const CHANGES =
  /^(timestamp|rand_seed|error_count|warning_count|identity|last_insert_id|pseudo_|gtid|last_gtid|ssl_|statement_id|innodb_(?!lock_wait))/;

describeEachDatabase('a session of the application', (db) => {
  it('has the settings that it had, whatever the log has done on it', async () => {
    const options = await db.options({ poolSize: 1 });
    const bench = new LogBench(() => new DataSource(options).initialize());
    const database = await bench.database();
    const { dialect, tables, dataSource } = database;
    for (const statement of SET[db.dialect]) await dataSource.query(statement);
    const settings = async () => {
      const rows = await dataSource.query<Record<string, string>[]>(SHOW[db.dialect]);
      return rows.filter((row) => !CHANGES.test(row.Variable_name ?? ''));
    };
    const before = await settings();

    const handler = await bench.handler();
    const [dead, living] = [await bench.worker({ dead: true }), await bench.worker()];
    await bench.deliveries(handler, 3);
    const row = eventRow(bench.unique('alone'));
    await bench.append([row]);
    await bench.append([row]);
    await bench.append([row, eventRow(bench.unique('several'))]);
    const yielding = (fail: boolean) =>
      database.transactionOnce((sql) =>
        dialect.locks.yielding(sql, async () => {
          await dialect.log.append(sql, tables, [eventRow(bench.unique('yielding'))], database.time());
          if (fail) throw new Error('on purpose');
        }),
      );
    await yielding(false);
    await expect(yielding(true)).rejects.toThrow('on purpose');
    await bench.claim(dead, handler, 1);
    await new WorkerLeases(database, HOUR).rescue();
    const claimed = await bench.claim(living, handler);
    await (await bench.queue()).complete(living, claimed);
    await database.transaction((sql) => dialect.locks.exclusively(sql, 'name', async () => undefined));
    await bench.run((sql) => dialect.horizon.note(sql, tables));

    expect(await settings()).toEqual(before);
    await bench.close();
  });
});
