import { jest } from '@jest/globals';
import type { HandlerContext } from 'nestjs-once';
import { drain } from 'nestjs-once/testing';
import { Column, type DataSource, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { Engine } from '../../../lib/module/engine.js';
import { engineToken } from '../../../lib/module/tokens.js';
import { NoAnswerError } from '../../../lib/runtime/deadline.js';
import { startApplication, type TestApplication } from '../../support/application.js';
import { type DatabaseUnderTest, describeEachDatabase, type ExtraOptions } from '../../support/databases.js';
import { aborted, deferred, until } from '../../support/deferred.js';
import { type Script, scriptedHandler } from '../../support/scripted-handler.js';

@Entity()
class Ledger {
  @PrimaryGeneratedColumn() id: number;
  @Column() note: string;
}

const EVENT = { group: 'booked', key: 'booked_1' };

/** Milliseconds, and as many attempts as it takes: on a loaded machine those that do not hang may run into it too. */
const soon = (timeout: number) => ({ timeout, retry: { maxRetries: 1000 } });

/** A statement that takes longer than any test. */
const SLEEP: Partial<Record<DatabaseUnderTest['name'], string>> = {
  postgres: 'SELECT pg_sleep(100)',
  mariadb: 'SELECT SLEEP(100)',
  mysql: 'SELECT SLEEP(100)',
};

describeEachDatabase('a transactional handler', (db) => {
  let application: TestApplication;

  const start = async (script: Script, options = {}, extra: ExtraOptions = {}) => {
    application = await startApplication({
      database: await db.options(extra),
      entities: [Ledger],
      providers: [scriptedHandler('Booking', script, { transactional: true, ...options })],
      options: { retry: { maxRetries: 2, interval: 0 }, worker: { lease: '1h' } },
    });
    return application;
  };

  const write = ({ manager }: HandlerContext, note: string) => manager.insert(Ledger, { note });
  const notes = async () =>
    (await application.dataSource.manager.find(Ledger, { order: { id: 'ASC' } })).map(({ note }) => note);

  afterEach(() => application?.close());

  it('commits what it wrote together with its success', async () => {
    const { app, log, deliveries, dataSource } = await start(async (_, context) => {
      await write(context, 'booked');
      const elsewhere = db.name === 'sqlite' ? 0 : await dataSource.manager.count(Ledger);
      expect(elsewhere).toBe(0);
    });
    await log.append(EVENT);
    await drain(app);
    expect(await notes()).toEqual(['booked']);
    expect(await deliveries.counts()).toMatchObject({ succeeded: 1 });
  });

  it('uses up no attempt when its transaction cannot be begun, as where a pooler has no session free', async () => {
    const attempts: number[] = [];
    const { app, log, deliveries } = await start(
      (_, context) => void attempts.push(context.attempt),
      { retry: { maxRetries: 0 } },
      { poolSize: 3 },
    );
    const { database } = app.get<Engine>(engineToken()).parts;
    const original = database.transactionOnce.bind(database);
    let refusals = 2;
    // Only a handler's is told of as failed.
    const once = jest.spyOn(database, 'transactionOnce').mockImplementation((work, failed) => {
      if (failed && refusals-- > 0) return Promise.reject(new NoAnswerError(1));
      return original(work, failed);
    });
    await log.append(EVENT);
    await until(async () => {
      await drain(app);
      return attempts.length > 0;
    });
    once.mockRestore();
    expect(attempts).toHaveLength(1);
    const { items } = await deliveries.list();
    expect(items).toMatchObject([{ status: 'succeeded', attempts: 1 }]);
  });

  // A pooler tells of something else.
  if (db.name === 'postgres' && !db.pooled) {
    it.each([true, false])(
      'names what ended the session of its transaction, whether it writes after that: %s',
      async (writes) => {
        const { app, log, dataSource } = await start(async (_, context) => {
          await context.manager.query('SET LOCAL idle_in_transaction_session_timeout = 50');
          const waits = "datname = current_database() AND state = 'idle in transaction'";
          const waiting = `SELECT pid FROM pg_stat_activity WHERE ${waits}`;
          await until(async () => (await dataSource.query<unknown[]>(waiting)).length === 0);
          if (writes) await write(context, 'late');
        });
        await log.append(EVENT);
        await expect(drain(app)).rejects.toThrow(/SessionEndedError: .*25P03/);
      },
    );
  }

  it('leaves nothing of an attempt that throws', async () => {
    const { app, log, deliveries } = await start(async (_, context) => {
      await write(context, `attempt ${context.attempt}`);
      await context.manager.transaction((nested) => nested.insert(Ledger, { note: 'nested' }));
      if (context.attempt < 3) throw new Error('no');
    });
    await log.append(EVENT);
    await drain(app);
    expect(await notes()).toEqual(['attempt 3', 'nested']);
    expect(await deliveries.counts()).toMatchObject({ succeeded: 1 });
  });

  it('leaves nothing of an attempt that leaves a nested transaction open, and gives its connection back clean', async () => {
    const { app, log, dataSource, deliveries } = await start(async (_, context) => {
      await write(context, `attempt ${context.attempt}`);
      if (context.attempt === 1) await context.manager.queryRunner!.startTransaction();
    });
    await log.append(EVENT);
    await drain(app);
    expect(await notes()).toEqual(['attempt 2']);
    expect(await deliveries.counts()).toMatchObject({ succeeded: 1 });
    const runners = Array.from({ length: db.name === 'sqlite' ? 1 : 10 }, () =>
      dataSource.createQueryRunner(),
    );
    for (const runner of runners) {
      await runner.startTransaction();
      await runner.rollbackTransaction();
      await runner.release();
    }
    expect(await notes()).toEqual(['attempt 2']);
  });

  it('refuses what a failed attempt still sends, which would commit by itself', async () => {
    const late = deferred<PromiseSettledResult<unknown>[]>();
    const { app, log } = await start(async (_, context) => {
      if (context.attempt > 1) return;
      const slow = (async () => {
        for (let i = 0; i < 50; i++) await write(context, 'late');
      })();
      late.resolve(Promise.allSettled([slow]) as never);
      throw new Error('beside it');
    });
    await log.append(EVENT);
    await drain(app);
    expect((await late.promise)[0]).toMatchObject({ status: 'rejected' });
    expect(await notes()).toEqual([]);
  });

  it('rolls back on timeout, also inside of a nested transaction', async () => {
    const attempts: number[] = [];
    const { app, log } = await start(async (_, context) => {
      attempts.push(context.attempt);
      await write(context, `attempt ${context.attempt}`);
      if (context.attempt > 1) return;
      await context.manager.transaction(async (nested) => {
        await nested.insert(Ledger, { note: 'nested' });
        await aborted(context.signal);
        await new Promise(() => undefined);
      });
    }, soon(300));
    await log.append(EVENT);
    await drain(app);
    expect(attempts.slice(0, 2)).toEqual([1, 2]);
    expect(await notes()).toEqual([`attempt ${attempts.at(-1)}`]);
  });

  const sleep = SLEEP[db.name];
  if (sleep) {
    it('rolls back on timeout while a statement hangs, and leaves no broken connection', async () => {
      const attempts: number[] = [];
      const { app, log, dataSource } = await start(
        async (_, context) => {
          attempts.push(context.attempt);
          await write(context, `attempt ${context.attempt}`);
          if (context.attempt === 1) await context.manager.query(sleep);
        },
        soon(300),
        { poolSize: 2 },
      );
      await log.append(EVENT);
      await drain(app);
      expect(attempts.slice(0, 2)).toEqual([1, 2]);
      expect(await notes()).toEqual([`attempt ${attempts.at(-1)}`]);
      await Promise.all([1, 2, 3].map(() => dataSource.query('SELECT 1')));
      await endSleep(db.name, dataSource);
    });

    it('runs a deadlock again at once, without using up an attempt', async () => {
      const attempts: number[] = [];
      const { app, log, deliveries, dataSource } = await start(async (_, context) => {
        attempts.push(context.attempt);
        if (attempts.length <= 3) throw conflict(db.name);
        await write(context, 'booked');
      });
      await log.append(EVENT);
      await drain(app);
      expect(attempts).toEqual([1, 1, 1, 1]);
      expect((await deliveries.list()).items[0]).toMatchObject({ status: 'succeeded', attempts: 1 });
      expect(await dataSource.manager.count(Ledger)).toBe(1);
    });

    it('survives a real deadlock between two of its runs', async () => {
      const bothHold = [deferred(), deferred()];
      let runs = 0;
      const { app, log, deliveries, dataSource } = await start(async (event, { manager }) => {
        const mine = event.key === 'booked_1' ? 1 : 2;
        runs++;
        await manager.update(Ledger, mine, { note: event.key });
        bothHold[mine - 1]!.resolve();
        await Promise.all(bothHold.map(({ promise }) => promise));
        await manager.update(Ledger, 3 - mine, { note: event.key });
      });
      await dataSource.manager.save(Ledger, [{ note: '' }, { note: '' }]);
      await log.append([EVENT, { ...EVENT, key: 'booked_2' }]);
      await drain(app);
      // On a slow server the victim may be back before the other has taken the lock it waited for: one more round.
      expect(runs).toBeGreaterThanOrEqual(3);
      expect((await deliveries.list()).items.map(({ status, attempts }) => ({ status, attempts }))).toEqual([
        { status: 'succeeded', attempts: 1 },
        { status: 'succeeded', attempts: 1 },
      ]);
    });

    it.each([1, 2])('works in a pool of %s that the application uses up for a while', async (poolSize) => {
      /** The attempt with which each event's handler was first called. */
      const first = new Map<string, number>();
      const { app, log, deliveries, dataSource } = await start(
        ({ key }, context) => {
          if (!first.has(key)) first.set(key, context.attempt);
          return write(context, 'booked');
        },
        soon(200),
        { poolSize },
      );
      await log.append([1, 2, 3].map((id) => ({ group: 'booked', key: `booked_${id}` })));
      const held = Array.from({ length: poolSize }, () => dataSource.createQueryRunner());
      for (const runner of held) await runner.query('SELECT 1');
      const drained = drain(app);
      // Longer than the handler's timeout: waiting for a connection is not the handler's time.
      await new Promise((resolve) => setTimeout(resolve, 400));
      for (const runner of held) await runner.release();
      await drained;
      expect(await notes()).toHaveLength(3);
      expect([...first.values()]).toEqual([1, 1, 1]);
      expect(await deliveries.counts()).toMatchObject({ succeeded: 3 });
    });

    it('is refused the second connection that the library would take of a pool of one', async () => {
      const errors: unknown[] = [];
      const refused = (call: Promise<unknown>) => call.catch((error: unknown) => errors.push(error));
      const { app, log, deliveries } = await start(
        async (_, context) => {
          await refused(log.append({ group: 'other', key: 'other_1' }));
          await refused(log.get(EVENT.key));
          await refused(deliveries.counts());
          await write(context, 'booked');
        },
        { pattern: 'booked' },
        { poolSize: 1 },
      );
      await log.append(EVENT);
      await drain(app);
      const refusal: unknown = expect.objectContaining({ code: 'SECOND_CONNECTION' });
      expect(errors).toEqual([refusal, refusal, refusal]);
      expect(await notes()).toEqual(['booked']);
    });

    it('that takes a second connection of a pool of one itself waits for its timeout, and holds up nobody after it', async () => {
      const { app, log, dataSource, deliveries } = await start(
        async (_, context) => {
          if (context.attempt === 1) await dataSource.query('SELECT 1');
          await write(context, `attempt ${context.attempt}`);
        },
        { pattern: 'booked', timeout: 300, retry: { maxRetries: 1000, interval: 0 } },
        { poolSize: 1 },
      );
      await log.append(EVENT);
      await drain(app);
      expect(await notes()).toHaveLength(1);
      expect(await deliveries.counts()).toMatchObject({ succeeded: 1 });
    });

    // On SQLite nobody can take a delivery over while a transaction is open.
    it('rolls back when its lease is lost, and another attempt takes over', async () => {
      const started = deferred();
      const released = deferred();
      const late = deferred();
      // What the handler does not wait for, and what does not care whether it fails.
      const writeOn = async (context: HandlerContext) => {
        for (let i = 0; i < 50; i++) await write(context, 'late').catch(() => undefined);
      };
      const { app, log, dataSource } = await start(async (_, context) => {
        await write(context, `attempt ${context.attempt}`);
        if (context.attempt > 1) return;
        started.resolve();
        await released.promise;
        late.resolve(writeOn(context) as never);
      });
      await log.append(EVENT);
      const drained = drain(app);
      await started.promise;
      await takeOver(dataSource);
      released.resolve();
      await drained;
      await late.promise;
      expect(await notes()).toEqual(['attempt 2']);
    });
  }
});

/**
 * The server goes on with a statement whose client is gone. On PostgreSQL its transaction keeps the horizon of every
 * database of the server where it is: other tests would wait for that.
 */
async function endSleep(name: DatabaseUnderTest['name'], dataSource: DataSource): Promise<void> {
  if (name !== 'postgres') return;
  const sleeping = "datname = current_database() AND query LIKE 'SELECT pg_sleep%'";
  await dataSource.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${sleeping}`);
}

/** What happens to the deliveries of a process that was taken for dead, done to a living one. */
async function takeOver(dataSource: DataSource): Promise<void> {
  await dataSource.query(
    'UPDATE once_delivery SET state = 0, worker_id = NULL, rescues = rescues + 1 WHERE state = 1',
  );
}

function conflict(name: DatabaseUnderTest['name']): Error {
  const driverError = name === 'postgres' ? { code: '40001' } : { errno: 1213 };
  return new Error('wrapped', { cause: Object.assign(new Error('could not serialize'), { driverError }) });
}
