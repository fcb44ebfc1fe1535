import type { QueryRunner } from 'typeorm';
import type { StreamItem } from 'nestjs-once';
import { startApplication, type TestApplication } from '../../support/application.js';
import { type DatabaseUnderTest, describeEachDatabase } from '../../support/databases.js';
import { until } from '../../support/deferred.js';
import { scriptedHandler } from '../../support/scripted-handler.js';

/** What ends a transaction while TypeORM believes that it has committed it. */
const FALSE_COMMITS: [
  title: string,
  on: DatabaseUnderTest['name'][],
  spoil: (runner: QueryRunner) => Promise<unknown>,
][] = [
  [
    'where a failed statement was swallowed',
    ['postgres'],
    (runner) => runner.query('SELECT 1 / 0').catch(() => undefined),
  ],
  ['after a raw ROLLBACK', ['postgres', 'mariadb', 'mysql'], (runner) => runner.query('ROLLBACK')],
];

describeEachDatabase('a commit that TypeORM reports', (db) => {
  let application: TestApplication;
  let runs: string[];
  let items: string[];

  beforeEach(async () => {
    runs = [];
    items = [];
    application = await startApplication({
      database: await db.options(),
      providers: [scriptedHandler('Each', ({ key }) => void runs.push(key))],
      options: { dispatch: 'background', worker: { pollInterval: 50 } },
    });
    application.log.stream().subscribe((item: StreamItem) => {
      if (item.type === 'recorded') items.push(item.event.key);
    });
  });
  afterEach(() => application.close());

  const transaction = async (key: string, spoil: (runner: QueryRunner) => Promise<unknown>) => {
    const { dataSource, log } = application;
    await dataSource.transaction(async (manager) => {
      await log.append({ group: 'a', key }, { manager });
      await spoil(manager.queryRunner!);
    });
  };
  /** Everything that came before this event has been told of when it has been. */
  const after = async (key: string) => {
    await transaction(key, async () => undefined);
    await until(() => runs.includes(key) && items.includes(key));
  };

  it('is told of once, where it is one', async () => {
    await transaction('real', async () => undefined);
    await until(() => runs.includes('real') && items.includes('real'));
    await after('last');
    expect(runs.toSorted()).toEqual(['last', 'real']);
    expect(items.toSorted()).toEqual(['last', 'real']);
  });

  for (const [title, on, spoil] of FALSE_COMMITS) {
    if (!on.includes(db.name)) continue;
    it(`starts no handler and is told to nobody ${title}`, async () => {
      await transaction('false', spoil);
      await after('last');
      expect(await application.log.get('false')).toBeUndefined();
      expect(runs).toEqual(['last']);
      expect(items).toEqual(['last']);
    });
  }

  // There one connection serves all: it stays the transaction's until TypeORM has ended it.
  if (db.name === 'sqlite') return;

  it('is told of without a report, where a raw COMMIT has made it', async () => {
    const runner = application.dataSource.createQueryRunner();
    await runner.startTransaction();
    await application.log.append({ group: 'a', key: 'raw' }, { manager: runner.manager });
    await runner.query('COMMIT');
    await until(() => runs.includes('raw') && items.includes('raw'));
    await runner.rollbackTransaction();
    await runner.release();
    await after('last');
    expect(runs.toSorted()).toEqual(['last', 'raw']);
    expect(items.toSorted()).toEqual(['last', 'raw']);
  });

  it('is none where the connection is lost at its end: no handler starts', async () => {
    const { dataSource } = application;
    const id = db.name === 'postgres' ? 'pg_backend_pid()' : 'CONNECTION_ID()';
    const kill = async (runner: QueryRunner) => {
      const [row] = (await runner.query(`SELECT ${id} AS id`)) as { id: number }[];
      await dataSource.query(
        db.name === 'postgres' ? `SELECT pg_terminate_backend(${row!.id})` : `KILL ${row!.id}`,
      );
    };
    await expect(transaction('lost', kill)).rejects.toThrow();
    await after('last');
    expect(await application.log.get('lost')).toBeUndefined();
    expect(runs).toEqual(['last']);
    expect(items).toEqual(['last']);
  });
});
