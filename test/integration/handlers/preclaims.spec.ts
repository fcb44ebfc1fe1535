import type { WorkerOptions } from 'nestjs-once';
import type { Engine } from '../../../lib/module/engine.js';
import { engineToken } from '../../../lib/module/tokens.js';
import { DeliveryState } from '../../../lib/store/ports/rows.js';
import { startApplication, type TestApplication } from '../../support/application.js';
import {
  type DatabaseAddress,
  dataSourceOptionsFrom,
  describeEachDatabase,
} from '../../support/databases.js';
import { type Deferred, deferred, until } from '../../support/deferred.js';
import { scriptedHandler } from '../../support/scripted-handler.js';
import { Statements } from '../../support/statements.js';

/** A claim, on whichever database. */
const CLAIM = /_claim"?\(|SET state = 1/;

describeEachDatabase('deliveries claimed as they are created', (db) => {
  const applications: TestApplication[] = [];
  let address: DatabaseAddress;
  let runs: string[];
  let handled: Map<string, Deferred>;

  const whenHandled = (key: string): Promise<void> => {
    if (!handled.has(key)) handled.set(key, deferred());
    return handled.get(key)!.promise;
  };

  /** An application whose worker has its lease and nothing to do. */
  const start = async (handle: (key: string) => unknown = () => undefined, worker: WorkerOptions = {}) => {
    const statements = new Statements();
    const application = await startApplication({
      database: dataSourceOptionsFrom(address, { logging: true, logger: statements }),
      providers: [
        scriptedHandler('One', async ({ key }) => {
          runs.push(key);
          await handle(key);
          void whenHandled(key);
          handled.get(key)!.resolve();
        }),
      ],
      options: { dispatch: 'background', worker: { pollInterval: 50, ...worker } },
    });
    applications.push(application);
    const { worker: running } = application.app.get<Engine>(engineToken()).parts;
    await until(() => running.isWaiting && running.preclaiming.claimant([]) !== undefined);
    return { ...application, statements, worker: running };
  };

  const statuses = async ({ deliveries }: TestApplication) =>
    (await deliveries.list()).items.map(({ key, status, attempts }) => `${key} ${status} ${attempts}`).sort();

  const succeeded = (application: TestApplication, count: number) =>
    until(async () => (await application.deliveries.counts()).succeeded === count);

  beforeEach(async () => {
    address = await db.create();
    runs = [];
    handled = new Map();
  });

  afterEach(async () => {
    for (const each of applications.splice(0)) await each.close();
  });

  it('start at the commit, without a claim, and end without one', async () => {
    // Neither a look nor another process is a reason to claim.
    const application = await start(undefined, { pollInterval: '1h', listen: false });
    const { log, dataSource, statements } = application;
    const before = statements.matching(CLAIM).length;
    await dataSource.transaction(async (manager) => {
      await log.append({ group: 'a', key: 'in a transaction' }, { manager });
      expect(runs).toEqual([]);
    });
    await whenHandled('in a transaction');
    await log.append({ group: 'a', key: 'alone' });
    await whenHandled('alone');
    await succeeded(application, 2);
    await application.worker.idle();
    expect(statements.matching(CLAIM).length).toBe(before);
  });

  it('are gone with a rollback, also that of a savepoint', async () => {
    const application = await start();
    const { log, dataSource } = application;
    await expect(
      dataSource.transaction(async (manager) => {
        await log.append({ group: 'a', key: 'rolled back' }, { manager });
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    await dataSource.transaction(async (manager) => {
      await log.append({ group: 'a', key: 'kept' }, { manager });
      const inner = manager.transaction(async (nested) => {
        await log.append({ group: 'a', key: 'undone' }, { manager: nested });
        throw new Error('undone');
      });
      await expect(inner).rejects.toThrow('undone');
    });
    await succeeded(application, 1);
    expect(runs).toEqual(['kept']);
    expect(await statuses(application)).toEqual(['kept succeeded 1']);
  });

  it('are left to others while there is no slot for them', async () => {
    const release = deferred();
    const application = await start((key) => (key === 'slow' ? release.promise : undefined), {
      concurrency: 1,
    });
    const { log, dataSource } = application;
    await log.append({ group: 'a', key: 'slow' });
    await until(() => runs.length === 1);
    const states = await dataSource.transaction(async (manager) => {
      await log.append({ group: 'a', key: 'waiting' }, { manager });
      // As they were created: when this has committed, anybody may claim what waits.
      return manager.query<{ state: unknown }[]>('SELECT state FROM once_delivery ORDER BY position');
    });
    expect(states.map(({ state }) => Number(state))).toEqual([DeliveryState.running, DeliveryState.pending]);
    release.resolve();
    await succeeded(application, 2);
  });

  it('are given back when the worker stops before the commit', async () => {
    const recorder = await start();
    const { log, dataSource, worker } = recorder;
    await dataSource.transaction(async (manager) => {
      await log.append({ group: 'a', key: 'a' }, { manager });
      await worker.stopClaiming();
    });
    await until(async () => (await recorder.deliveries.counts()).pending === 1);
    expect(runs).toEqual([]);
  });

  // There the one connection is the transaction's until TypeORM has ended it.
  if (db.name === 'sqlite') return;

  it('are handled where nobody tells of the commit, once', async () => {
    const application = await start();
    const { log, dataSource } = application;
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    await log.append({ group: 'a', key: 'past TypeORM' }, { manager: runner.manager });
    await runner.query('COMMIT');
    await whenHandled('past TypeORM');
    await succeeded(application, 1);
    expect(runs).toEqual(['past TypeORM']);
    Object.assign(runner, { isTransactionActive: false });
    await runner.release();
  });

  it('are taken over by others when the process is gone before their start', async () => {
    const recorder = await start(undefined, { lease: 3000 });
    const { dataSource, log } = recorder;
    const { keeper, database } = recorder.app.get<Engine>(engineToken()).parts;
    const workerId = recorder.worker.preclaiming.claimant([])!;
    const other = dataSource.createQueryRunner();
    await other.startTransaction();
    await log.append({ group: 'a', key: 'orphan' }, { manager: other.manager });
    // As when the process stood still until its lease lapsed and another one noticed.
    await dataSource.query(`DELETE FROM ${database.tables.worker}`);
    await until(() => !keeper.holds(workerId));
    await other.commitTransaction();
    await other.release();
    await whenHandled('orphan');
    await succeeded(recorder, 1);
    expect(runs).toEqual(['orphan']);
  });
});
