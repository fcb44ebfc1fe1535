import { DataSource, type QueryRunner } from 'typeorm';
import { eventRow, LogBench, positionsOf } from '../../../lib/testing/conformance/log-bench.js';
import { dataSourceOptionsFrom, describeEachDatabase } from '../../support/databases.js';
import { Statements } from '../../support/statements.js';

/** Statements that an append of one event with its deliveries takes. */
const STATEMENTS = { sqlite: 2, postgres: 1, mariadb: 1, mysql: 8 };

describeEachDatabase('an append of one event', (db) => {
  let statements: Statements;
  let bench: LogBench;

  beforeEach(async () => {
    statements = new Statements();
    const options = dataSourceOptionsFrom(await db.create(), { logging: true, logger: statements });
    bench = new LogBench(() => new DataSource(options).initialize());
  });
  afterEach(() => bench.close());

  const handled = async (key: string) =>
    eventRow(key, {
      handlers: [
        { id: await bench.handler(), rank: 0 },
        { id: await bench.handler(), rank: 1 },
      ],
    });

  it('takes as few statements as it can', async () => {
    const { dataSource } = await bench.database();
    // What is found out of a server or a connection is found out once.
    await dataSource.transaction((manager) => bench.appendIn(manager, [eventRow('before')]));
    const row = await handled('counted');
    await dataSource.transaction(async (manager) => {
      const before = statements.all.length;
      expect((await bench.appendIn(manager, [row]))[0]!.kind).toBe('recorded');
      expect(statements.all.slice(before)).toHaveLength(STATEMENTS[db.name]);
    });
  });

  if (db.name === 'postgres') {
    it('locks the table of events before it takes a position, by a fresh plan and by one that is kept', async () => {
      const { dataSource } = await bench.database();
      const [appender, holder] = [dataSource.createQueryRunner(), dataSource.createQueryRunner()];
      for (const rows of [[eventRow('one')], [eventRow('one of two'), eventRow('two of two')]]) {
        for (let round = 0; round < 8; round++) {
          await holder.startTransaction();
          await holder.query('LOCK TABLE once_event IN SHARE MODE');
          const before = await holder.query('SELECT last_value, is_called FROM once_event_position');
          const again = rows.map((row) => ({ ...row, key: `${row.key} ${round}` }));
          const appending = bench.appendIn(appender.manager, again);
          await lockWaitedFor(holder);
          expect(await holder.query('SELECT last_value, is_called FROM once_event_position')).toEqual(before);
          await holder.commitTransaction();
          positionsOf(await appending);
        }
      }
      for (const runner of [appender, holder]) await runner.release();
    });

    it.each(['DISCARD ALL', "DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$"])(
      'goes on after %s',
      async (statement) => {
        const runner = (await bench.database()).dataSource.createQueryRunner();
        for (const key of ['before', 'after']) {
          positionsOf(await bench.appendIn(runner.manager, [await handled(key)]));
          positionsOf(
            await bench.appendIn(runner.manager, [await handled(`${key} 1`), eventRow(`${key} 2`)]),
          );
          await runner.query(statement);
        }
        await runner.release();
      },
    );

    it('fails where the sequence has fallen behind the log, and calls nothing known or taken', async () => {
      await bench.append([eventRow('before')]);
      const stream = (key: string) => eventRow(key, { stream: key, streamVersion: 1 });
      const [plain, another] = [eventRow('plain'), eventRow('another')];
      for (const rows of [
        [plain],
        [stream('s')],
        [plain, another],
        [stream('s'), plain],
        [plain, stream('s')],
      ]) {
        await bench.run((sql) => sql.rows("SELECT setval('once_event_position', 1, false)"));
        const { dialect } = await bench.database();
        const error = await bench.append(rows).catch((thrown: unknown) => thrown);
        expect(dialect.transactions.failure(error)).toBe('duplicate');
      }
      expect(await bench.run((sql) => sql.rows('SELECT event_key FROM once_event'))).toHaveLength(1);
    });
  }

  if (db.dialect !== 'mysql') return;

  it('meets a key whose commit its transaction cannot see, and goes on', async () => {
    const { dataSource } = await bench.database();
    await dataSource.transaction('REPEATABLE READ', async (manager) => {
      await manager.query('SELECT count(*) FROM once_event');
      await bench.append([eventRow('unseen')], 1);
      const [again] = await bench.appendIn(manager, [await handled('unseen')]);
      expect(again!.kind).toBe('known');
      const [other] = await bench.appendIn(manager, [eventRow('seen')]);
      expect(other!.kind).toBe('recorded');
    });
    expect(await bench.event('seen')).toBeDefined();
    expect(await bench.run((sql) => sql.rows('SELECT * FROM once_delivery'))).toEqual([]);
  });

  it('gets a position above the log, when a restore put the sequence back', async () => {
    const [before] = positionsOf(await bench.append([eventRow('before the restore')]));
    await bench.run((sql) => sql.change('TRUNCATE TABLE once_position'));
    const [after] = positionsOf(await bench.append([await handled('after the restore')]));
    expect(after).toBeGreaterThan(before!);
    expect(await bench.event('before the restore')).toBeDefined();
  });

  it('fails when its deliveries cannot be created, rather than find its own event there', async () => {
    const { dataSource } = await bench.database();
    const row = await handled('undeliverable');
    const holder = dataSource.createQueryRunner();
    await holder.startTransaction('SERIALIZABLE');
    // Locks the gap that the deliveries would go to.
    await holder.query('SELECT * FROM once_delivery WHERE handler_id >= ? FOR UPDATE', [row.handlers[0]!.id]);
    const append = dataSource.transaction(async (manager) => {
      await manager.query('SET SESSION innodb_lock_wait_timeout = 1');
      await bench.appendIn(manager, [row]);
    });
    await expect(append).rejects.toMatchObject({ driverError: { errno: 1205 } });
    await holder.rollbackTransaction();
    await holder.release();
    expect(await bench.event('undeliverable')).toBeUndefined();
  });

  it('takes nothing of the transaction back but itself, when it has met a lock', async () => {
    const { dataSource } = await bench.database();
    const row = await handled('held');
    const holder = dataSource.createQueryRunner();
    await holder.startTransaction();
    await bench.appendIn(holder.manager, [eventRow('held')]);
    // On MySQL each insert asks for its turn; of that of the third event nobody knows when it waits.
    const waits = db.name === 'mysql' ? 3 : 1;
    const transaction = dataSource.transaction('READ COMMITTED', async (manager) => {
      await bench.appendIn(manager, [eventRow('first')]);
      return bench.appendIn(manager, [row]);
    });
    await statements.seen(/GET_LOCK/, waits);
    await holder.rollbackTransaction();
    await holder.release();
    const [position] = positionsOf(await transaction);
    expect(await bench.event('first')).toBeDefined();
    for (const { id } of row.handlers)
      expect(await bench.delivery({ handlerId: id, position: position! })).toMatchObject({ state: 0 });
  });
});

/** Resolves when somebody waits for a lock on the table of events. */
async function lockWaitedFor(runner: QueryRunner): Promise<void> {
  const waits = "SELECT 1 FROM pg_locks WHERE relation = 'once_event'::regclass AND NOT granted";
  while ((await runner.query(waits)).length === 0);
}
