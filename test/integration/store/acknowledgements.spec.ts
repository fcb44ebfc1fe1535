import { Database } from '../../../lib/store/database.js';
import { type Sql, tuples } from '../../../lib/store/sql.js';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';

const WORKER = 7;
const BATCH = 500;
const BATCHES = 10;

describeEachDatabase('the acknowledgement', (db) => {
  let application: TestApplication;
  let database: Database;

  beforeEach(async () => {
    application = await startApplication({
      database: await db.options(),
      options: { dispatch: 'inline', rescan: false },
    });
    database = new Database(application.dataSource, { prefix: 'once_' });
    await database.transaction(async (sql) => {
      for (let batch = 0; batch < BATCHES; batch++) await insert(sql, batch * BATCH);
    });
    await database.run(async (sql) => {
      // While nothing runs, as it is nearly always: what runs is few by the statistics.
      if (db.name === 'postgres') await sql.rows('ANALYZE once_delivery');
      await sql.change('UPDATE once_delivery SET state = 1, worker_id = ? WHERE position <= ?', [
        WORKER,
        BATCH,
      ]);
    });
  });

  afterEach(() => application.close());

  const insert = (sql: Sql, after: number) => {
    const rows = Array.from({ length: BATCH }, (_, index) => [1, after + index + 1, 0]);
    const statement = `INSERT INTO once_delivery (handler_id, position, due_at) VALUES ${tuples(BATCH, 3)}`;
    return sql.change(statement, rows.flat());
  };

  /** Rows of deliveries that this transaction has read by an index, where the server counts them. */
  const read = async (sql: Sql) => {
    if (db.name !== 'postgres') return undefined;
    const table = "relname = 'once_delivery'";
    const row = await sql.row(`SELECT idx_tup_fetch AS count FROM pg_stat_xact_user_tables WHERE ${table}`);
    return Number(row!.count);
  };

  it.each([1, 10])('of %i of what a worker has running reads no more than these', async (count) => {
    const { dialect, tables } = database;
    const ids = Array.from({ length: count }, (_, index) => ({ handlerId: 1, position: index + 1 }));
    await database.transaction(async (sql) => {
      expect(await dialect.complete(sql, tables, WORKER, ids, database.time())).toEqual(ids);
      expect((await read(sql)) ?? count).toBe(count);
    });
  });
});
