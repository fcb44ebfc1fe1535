import { Database } from '../../../lib/store/db/database.js';
import type { DeliveryFilter } from '../../../lib/store/deliveries/delivery-filter.js';
import { type Row, type Sql, tuples } from '../../../lib/store/ports/sql.js';
import { type DeliveryOrder, DeliveryQueries } from '../../../lib/store/views/delivery-queries.js';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { rowsRead } from '../../support/rows-read.js';

const EVENTS = 10_000;
const BATCH = 500;
const LIMIT = 50;
/** One has open deliveries, one in fifty of them dead; two have finished ones. */
const [OPEN, ...FINISHED] = [1, 2, 3] as const;

type After = readonly [position: number, handlerId: number];

const lists: [string, DeliveryFilter, After | undefined, DeliveryOrder][] = [
  ['the first', {}, undefined, {}],
  ['the newest', {}, undefined, { newestFirst: true }],
  ['those behind a cursor', {}, [4000, 2], {}],
  ['those before a cursor', {}, [6000, 2], { newestFirst: true }],
  ['pending ones', { status: 'pending' }, [4000, 1], {}],
  ['succeeded ones', { status: 'succeeded' }, [4000, 2], {}],
  ['those of one handler', { handler: 'handler 3' }, [4000, 3], {}],
  ['those of a key', { key: 'key 77' }, undefined, {}],
];

describeEachDatabase('a list of deliveries', (db) => {
  let application: TestApplication;
  let database: Database;

  beforeAll(async () => {
    application = await startApplication({ database: await db.options(), options: { rescan: false } });
    database = new Database(application.dataSource, { prefix: 'once_' });
    for (let after = 0; after < EVENTS; after += BATCH)
      await database.transaction((sql) => fill(sql, after + 1));
    await database.run(async (sql) => {
      for (const id of [OPEN, ...FINISHED])
        await sql.change('INSERT INTO once_handler (id, name) VALUES (?, ?)', [id, `handler ${id}`]);
      if (db.dialect === 'sqlite') return;
      const analyse = db.name === 'postgres' ? 'ANALYZE' : 'ANALYZE TABLE';
      for (const table of ['event', 'delivery', 'delivery_finished'])
        await sql.rows(`${analyse} once_${table}`);
    });
  });

  afterAll(() => application.close());

  const fill = async (sql: Sql, first: number) => {
    const positions = Array.from({ length: BATCH }, (_, index) => first + index);
    const insert = (table: string, columns: string, row: (position: number) => unknown[]) => {
      const rows = positions.map(row);
      const values = tuples(rows.length, rows[0]!.length);
      return sql.change(`INSERT INTO once_${table} (${columns}) VALUES ${values}`, rows.flat());
    };
    await insert(
      'event',
      'position, event_key, event_group, encoding, metadata, occurred_at, recorded_at, registry_version',
      (position) => [position, `key ${position}`, 'group', 'json', '{}', 1, position, 1],
    );
    await insert('delivery', 'handler_id, position, state, due_at', (position) => [
      ...[OPEN, position, position % 50 === 0 ? 2 : 0, 1],
    ]);
    for (const id of FINISHED)
      await insert('delivery_finished', 'handler_id, position, state, attempts, finished_at', (position) => [
        ...[id, position, 3, 1, 1],
      ]);
  };

  /** Queries whose statements go through `rows`. */
  const queriesOn = (rows: Sql['rows']) => {
    const sql = { rows };
    const run = (work: (sql: unknown) => unknown) => work(sql);
    return new DeliveryQueries(Object.create(database, { run: { value: run } }) as Database);
  };

  it.each(lists)('reads and sorts no more than it shows, however many there are: %s', async (_, ...list) => {
    const [filter, after, order] = list;
    if (db.name !== 'sqlite')
      return expect(await rowsOf(filter, after, order)).toBeLessThanOrEqual(10 * LIMIT);
    const plans: string[] = [];
    await database.run(async (sql) => {
      const queries = queriesOn(async <T = Row>(statement: string, parameters?: readonly unknown[]) => {
        const plan = await sql.rows(`EXPLAIN QUERY PLAN ${statement}`, parameters);
        plans.push(...plan.map(({ detail }) => String(detail)));
        return sql.rows<T>(statement, parameters);
      });
      await queries.list(filter, after, LIMIT, order);
    });
    expect(plans).toContainEqual(expect.stringMatching(/^SEARCH d USING PRIMARY KEY \(handler_id=\?/));
    const sorted = filter.key === undefined ? /SCAN [de]|TEMP B-TREE/ : /SCAN [de]/;
    expect(plans.filter((plan) => sorted.test(plan))).toEqual([]);
  });

  /** What a server reads, by whatever plan; on PostgreSQL of deliveries: where events are few it may read all of these, which is cheaper. */
  const rowsOf = (filter: DeliveryFilter, after: After | undefined, order: DeliveryOrder) =>
    database.transaction(async (sql) => {
      const queries = queriesOn((...call) => sql.rows(...call));
      const list = () => queries.list(filter, after, LIMIT, order);
      if (db.name === 'postgres') {
        let read = 0;
        for (const table of ['once_delivery', 'once_delivery_finished'])
          read += await rowsRead(sql, table, list);
        return read;
      }
      const counted = async () => {
        const rows = await sql.rows("SHOW SESSION STATUS LIKE 'Handler_read%'");
        return rows.reduce((sum, { Value: value }) => sum + Number(value), 0);
      };
      const before = await counted();
      await list();
      return (await counted()) - before;
    });

  it.each([false, true])('shows all of them once, page after page; newest first: %s', async (newestFirst) => {
    const queries = new DeliveryQueries(database);
    const seen: string[] = [];
    const filter = { before: new Date(701) };
    let after: After | undefined = newestFirst ? [701, 0] : undefined;
    for (;;) {
      const page = await queries.list(filter, after, 37, { newestFirst });
      for (const { view, handlerId } of page) seen.push(`${view.position} ${handlerId} ${view.handler}`);
      if (page.length < 37) break;
      const { view, handlerId } = page.at(-1)!;
      after = [view.position, handlerId];
    }
    const expected = Array.from({ length: 700 }, (_, index) => index + 1).flatMap((position) =>
      [OPEN, ...FINISHED].map((id) => `${position} ${id} handler ${id}`),
    );
    expect(seen).toEqual(newestFirst ? expected.reverse() : expected);
  });
});
