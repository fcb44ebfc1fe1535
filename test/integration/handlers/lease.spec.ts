import { jest } from '@jest/globals';
import type { EventSourcingOptions } from 'nestjs-once';
import { drain } from 'nestjs-once/testing';
import type { Engine } from '../../../lib/module/engine.js';
import { engineToken } from '../../../lib/module/tokens.js';
import { WorkerLeases } from '../../../lib/store/deliveries/worker-leases.js';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { aborted, deferred, until } from '../../support/deferred.js';
import { type Script, scriptedHandler } from '../../support/scripted-handler.js';

const HOUR = 3_600_000;
const EVENT = { group: 'made', key: 'made_1' };
/** Milliseconds: two thirds of it is what a loaded machine may stand still without a lease being lost. */
const LEASE = 4500;

describeEachDatabase('leases', (db) => {
  const applications: TestApplication[] = [];

  const start = async (script: Script, options: EventSourcingOptions = {}, database = db.options()) => {
    const application = await startApplication({
      database: await database,
      providers: [scriptedHandler('One', script)],
      options: {
        dispatch: 'background',
        retry: { maxRetries: 0 },
        worker: { lease: LEASE, pollInterval: 20 },
        ...options,
      },
    });
    applications.push(application);
    return application;
  };

  /** Whether a lease that nobody extends after `leaseUntil` has lapsed. */
  const isOver = async ({ app }: TestApplication, leaseUntil: number) => {
    const { database } = app.get<Engine>(engineToken()).parts;
    const row = await database.run((sql) => sql.row(`SELECT ${database.dialect.syntax.now} AS now_ms`));
    return Number(row!.now_ms) > leaseUntil;
  };

  afterEach(async () => {
    for (const each of applications.splice(0)) await each.close();
  });

  it('are renewed for as long as a handler runs', async () => {
    const attempts: number[] = [];
    const end = deferred();
    const database = db.options();
    const script: Script = async (_, { attempt, signal }) => {
      attempts.push(attempt);
      await end.promise;
      signal.throwIfAborted();
    };
    const { log, deliveries, dataSource } = await start(script, {}, database);
    await log.append(EVENT);
    await until(() => attempts.length > 0);
    const [worker] = await dataSource.query<{ lease_until: unknown }[]>('SELECT * FROM once_worker');
    // Another process, which looks for what nobody holds any more.
    const other = await start(script, {}, database);
    const rescue = jest.spyOn(other.app.get<Engine>(engineToken()).parts.leases, 'rescue');
    await until(() => isOver(other, Number(worker!.lease_until)));
    const looks = rescue.mock.calls.length;
    await until(() => rescue.mock.calls.length > looks);
    await rescue.mock.results.at(-1)!.value;
    end.resolve();
    await until(async () => (await deliveries.counts()).succeeded === 1);
    expect(attempts).toEqual([1]);
    expect((await deliveries.list()).items).toMatchObject([{ attempts: 1, rescues: 0 }]);
  });

  it('tell the handler when they are lost, whose result counts for nothing; another attempt takes over', async () => {
    const reason = deferred<Error>();
    const running = deferred();
    const attempts: number[] = [];
    const { log, deliveries, dataSource, app } = await start(async (_, { attempt, signal }) => {
      attempts.push(attempt);
      if (attempt > 1) return;
      running.resolve();
      reason.resolve(await aborted(signal));
      throw new Error('would bury the delivery, if it counted');
    });
    await log.append(EVENT);
    await running.promise;
    await dataSource.query('DELETE FROM once_worker');
    app.get<Engine>(engineToken()).parts.keeper.renew();
    expect(await reason.promise).toMatchObject({ code: 'LEASE_LOST' });
    await until(async () => (await deliveries.counts()).succeeded === 1);
    await drain(app);
    expect(attempts).toEqual([1, 2]);
    expect((await deliveries.list()).items).toMatchObject([{ status: 'succeeded', rescues: 0 }]);
  });

  it('let others take over what a dead process has claimed', async () => {
    const seen = deferred<number>();
    const { log, dataSource } = await start((_, { attempt }) => seen.resolve(attempt), { dispatch: 'none' });
    await log.append(EVENT);
    await dataSource.query('UPDATE once_delivery SET state = 1, worker_id = 99999');
    await start((_, { attempt }) => seen.resolve(attempt), {}, Promise.resolve(dataSource.options));
    expect(await seen.promise).toBe(2);
  });

  it('bury a delivery whose processes died again and again; from the third death on it is claimed alone', async () => {
    const seen: string[] = [];
    const { app, log, dataSource, deliveries } = await start((event) => seen.push(event.key), {
      dispatch: 'none',
    });
    const { leases } = app.get<Engine>(engineToken()).parts;
    await log.append([EVENT, { group: 'made', key: 'made_2' }]);
    const { position } = (await deliveries.list({ key: 'made_1' })).items[0]!;
    for (let deaths = 1; deaths <= 4; deaths++) {
      await dataSource.query(
        `UPDATE once_delivery SET state = 1, worker_id = 99999 WHERE position = ${position}`,
      );
      expect(await leases.rescue()).toBe(1);
      const attempts = deaths > 3 ? deaths - 3 : 0;
      expect((await deliveries.list({ key: 'made_1' })).items).toMatchObject([{ rescues: deaths, attempts }]);
    }
    await expect(drain(app)).rejects.toThrow('died 4 times');
    expect(seen).toEqual(['made_2']);
    expect(await deliveries.counts()).toMatchObject({ dead: 1, succeeded: 1 });
  });

  it('that are asked for by many at once are one', async () => {
    const { log, dataSource } = await start(() => undefined, { dispatch: 'inline' });
    await Promise.all(Array.from({ length: 20 }, (_, i) => log.append({ group: 'made', key: `made_${i}` })));
    const [row] = await dataSource.query<{ workers: number }[]>(
      'SELECT count(*) AS workers FROM once_worker',
    );
    expect(Number(row!.workers)).toBe(1);
  });

  it('do not let a suspect that hangs hold up the others', async () => {
    const seen = deferred<string>();
    const hanging = deferred();
    const script: Script = async (event) => {
      if (event.key !== 'made_1') return seen.resolve(event.key);
      hanging.resolve();
      await new Promise(() => undefined);
    };
    const { log, dataSource } = await start(script, {
      worker: { lease: LEASE, pollInterval: 20, shutdownTimeout: 0 },
    });
    await dataSource.transaction(async (manager) => {
      await log.append(EVENT, { manager });
      await manager.query('UPDATE once_delivery SET rescues = 3');
    });
    await hanging.promise;
    await log.append({ group: 'made', key: 'made_2' });
    expect(await seen.promise).toBe('made_2');
  });

  if (db.name !== 'postgres') return;

  it('can be extended while another process frees deliveries, after it has waited for a third one', async () => {
    const { app, dataSource } = await start(() => undefined, { dispatch: 'none' });
    const { database } = app.get<Engine>(engineToken()).parts;
    const isWaitedFor = async (locktype: string) => {
      const waiting = `SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid)
        WHERE datname = current_database() AND locktype = '${locktype}' AND NOT granted`;
      return (await dataSource.query<unknown[]>(waiting)).length > 0;
    };
    const [dead, late] = [-HOUR, -HOUR].map((lease) => new WorkerLeases(database, lease));
    const [deadId, lateId] = [await dead!.register(), await late!.register()];
    const leases = new WorkerLeases(database, HOUR);
    // What a process that has gone held; it is freed when the test lets it.
    await dataSource.query(
      'INSERT INTO once_delivery (handler_id, position, due_at, state, worker_id) VALUES (1, 1, 0, 1, 999999)',
    );
    await dataSource.query(`CREATE FUNCTION wait_for_test() RETURNS trigger LANGUAGE plpgsql
      AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(18); RETURN NEW; END $$`);
    await dataSource.query(
      'CREATE TRIGGER wait_for_test BEFORE UPDATE ON once_delivery FOR EACH ROW EXECUTE FUNCTION wait_for_test()',
    );
    const [other, barrier] = [dataSource.createQueryRunner(), dataSource.createQueryRunner()];
    await barrier.startTransaction();
    await barrier.query('SELECT pg_advisory_xact_lock(18)');
    await other.startTransaction();
    await other.query(`DELETE FROM once_worker WHERE id = ${deadId}`);
    // It knows the leases as they were when it began to wait.
    const rescued = leases.rescue();
    await until(() => isWaitedFor('transactionid'));
    expect(await database.run((sql) => leases.extend(sql, lateId))).toBe(true);
    await other.commitTransaction();
    await until(() => isWaitedFor('advisory'));

    const extended = await database.transaction(async (sql) => {
      // So that a failure does not hang.
      await sql.change(`SET LOCAL lock_timeout = '10s'`);
      return leases.extend(sql, lateId);
    });
    expect(extended).toBe(true);
    await barrier.commitTransaction();
    expect(await rescued).toBe(1);
    await Promise.all([other.release(), barrier.release()]);
  });
});
