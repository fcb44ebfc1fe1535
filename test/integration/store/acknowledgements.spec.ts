import { Database } from '../../../lib/store/db/database.js';
import { type Sql, tuples } from '../../../lib/store/ports/sql.js';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { rowsRead } from '../../support/rows-read.js';

const WORKER = 7;
const BATCH = 500;
const BATCHES = 10;

/** When the server's statistics of the table were made: as a plan is made by them, no plan may read more by any. */
const STATISTICS = ['never', 'of the empty table', 'before anything ran', 'while all of it ran'] as const;

describeEachDatabase('the acknowledgement', (db) => {
  let application: TestApplication;
  let database: Database;

  beforeEach(async () => {
    application = await startApplication({
      database: await db.options(),
      options: { dispatch: 'inline', rescan: false },
    });
    database = new Database(application.dataSource, { prefix: 'once_' });
  });

  afterEach(() => application.close());

  /** The first batch runs, the others wait. */
  const fill = async (analysed: (typeof STATISTICS)[number]) => {
    const analyse = async (sql: Sql, now: (typeof STATISTICS)[number]) => {
      if (db.name === 'postgres' && now === analysed) await sql.rows('ANALYZE once_delivery');
    };
    await database.run(async (sql) => {
      // The server's own statistics come at moments of its own.
      if (db.name === 'postgres') await sql.rows('ALTER TABLE once_delivery SET (autovacuum_enabled = off)');
      await analyse(sql, 'of the empty table');
    });
    await database.transaction(async (sql) => {
      for (let batch = 0; batch < BATCHES; batch++) await insert(sql, batch * BATCH);
    });
    await database.run(async (sql) => {
      await analyse(sql, 'before anything ran');
      const running = 'UPDATE once_delivery SET state = 1, worker_id = ? WHERE position <= ?';
      await sql.change(running, [WORKER, BATCH]);
      await analyse(sql, 'while all of it ran');
    });
  };

  const insert = (sql: Sql, after: number) => {
    const rows = Array.from({ length: BATCH }, (_, index) => [1, after + index + 1, 0]);
    const statement = `INSERT INTO once_delivery (handler_id, position, due_at) VALUES ${tuples(BATCH, 3)}`;
    return sql.change(statement, rows.flat());
  };

  const firstOf = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ handlerId: 1, position: index + 1 }));

  it.each([1, 10])('of %i of what a worker has running leaves the rest running', async (count) => {
    await fill('never');
    const { dialect, tables } = database;
    await database.transaction(async (sql) => {
      const ids = firstOf(count);
      expect(await dialect.deliveries.complete(sql, tables, WORKER, ids, database.time())).toEqual(ids);
      const running = await sql.row('SELECT count(*) AS count FROM once_delivery WHERE state = 1');
      expect(Number(running!.count)).toBe(BATCH - count);
    });
  });

  if (db.name !== 'postgres') return;

  describe.each(STATISTICS)('with statistics made %s', (analysed) => {
    it.each([1, 10])('of %i of what a worker has running reads no more than these', async (count) => {
      await fill(analysed);
      const { dialect, tables } = database;
      await database.transaction(async (sql) => {
        const read = await rowsRead(sql, tables.delivery, () =>
          dialect.deliveries.complete(sql, tables, WORKER, firstOf(count), database.time()),
        );
        expect(read).toBe(count);
      });
    });
  });
});
