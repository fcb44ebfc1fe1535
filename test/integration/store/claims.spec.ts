import { Database } from '../../../lib/store/db/database.js';
import { type Sql, tuples } from '../../../lib/store/ports/sql.js';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { rowsRead } from '../../support/rows-read.js';

const WORKER = 7;
const HANDLER = 1;
const TAKE = 10;
const BATCH = 500;
const BATCHES = 10;
/** More than the executions after which PostgreSQL plans a statement of a function once and for all of a session. */
const SETTLED = 12;

/** When the server's statistics of the tables were made: by none may a new plan read what is not taken. */
const STATISTICS = ['never', 'of the empty tables', 'of the full tables'] as const;

describeEachDatabase('a claim of what waits', (db) => {
  let application: TestApplication;
  let database: Database;

  beforeEach(async () => {
    application = await startApplication({
      // In one session, whose plans are kept.
      database: await db.options({ poolSize: 1 }),
      options: { dispatch: 'inline', rescan: false },
    });
    database = new Database(application.dataSource, { prefix: 'once_' });
  });

  afterEach(() => application.close());

  const fill = async (analysed: (typeof STATISTICS)[number], whileEmpty = async () => {}) => {
    const { event, delivery } = database.tables;
    const onServer = async (work: (sql: Sql, table: string) => Promise<unknown>) => {
      if (db.name !== 'postgres') return;
      for (const table of [event, delivery]) await database.run((sql) => work(sql, table));
    };
    // The server's own statistics come at moments of its own.
    await onServer((sql, table) => sql.rows(`ALTER TABLE ${table} SET (autovacuum_enabled = off)`));
    if (analysed === 'of the empty tables') await onServer((sql, table) => sql.rows(`ANALYZE ${table}`));
    await whileEmpty();
    await database.transaction(async (sql) => {
      for (let batch = 0; batch < BATCHES; batch++) await insert(sql, batch * BATCH);
    });
    if (analysed === 'of the full tables') await onServer((sql, table) => sql.rows(`ANALYZE ${table}`));
  };

  const insert = async (sql: Sql, after: number) => {
    const { event, delivery } = database.tables;
    const positions = Array.from({ length: BATCH }, (_, index) => after + index + 1);
    const columns =
      'position, event_key, event_group, encoding, metadata, occurred_at, recorded_at, registry_version';
    await sql.change(
      `INSERT INTO ${event} (${columns}) VALUES ${tuples(BATCH, 8)}`,
      positions.flatMap((position) => [position, `key_${position}`, 'g', 'json', '{}', 0, 0, 0]),
    );
    await sql.change(
      `INSERT INTO ${delivery} (handler_id, position, due_at) VALUES ${tuples(BATCH, 3)}`,
      positions.flatMap((position) => [HANDLER, position, position]),
    );
  };

  const claim = (sql: Sql, positions?: readonly number[]) =>
    database.dialect.deliveries.claim(sql, database.tables, {
      ...(positions ? { positions } : {}),
      workerId: WORKER,
      quotas: [{ handlerId: HANDLER, take: TAKE }],
      due: database.time(),
      suspects: false,
    });

  it('takes as many as it was asked for, the earliest first', async () => {
    await fill('never');
    const claimed = await database.transaction((sql) => claim(sql));
    expect(claimed.map(({ event }) => event.position)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  if (db.name !== 'postgres') return;

  it.each(STATISTICS)('reads no more than it takes, with statistics made %s', async (analysed) => {
    await fill(analysed);
    await expectToReadNoMore();
  });

  it.each(STATISTICS)(
    'reads no more by a plan of the empty tables that the session keeps, with statistics made %s',
    async (analysed) => {
      await fill(analysed, async () => {
        for (let count = 0; count < SETTLED; count++) await database.transaction((sql) => claim(sql));
      });
      await expectToReadNoMore();
    },
  );

  it.each(STATISTICS)('of certain events reads no other event, with statistics made %s', async (analysed) => {
    await fill(analysed);
    await database.transaction(async (sql) => {
      const events = await rowsRead(sql, database.tables.event, () => claim(sql, [100, 200, 300]));
      expect(events).toBe(3);
    });
  });

  const expectToReadNoMore = async () => {
    const { event, delivery } = database.tables;
    await database.transaction(async (sql) => {
      let deliveries = 0;
      const events = await rowsRead(sql, event, async () => {
        deliveries = await rowsRead(sql, delivery, () => claim(sql));
      });
      expect(deliveries).toBe(TAKE);
      // A merge of both in the order of the log looks a little further.
      expect(events).toBeLessThan(2 * TAKE);
    });
  };
});
