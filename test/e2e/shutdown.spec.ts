import { jest } from '@jest/globals';
import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { event, type EventSourcingOptions, ModelEventSource } from 'nestjs-once';
import { DataSource, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { drain } from 'nestjs-once/testing';
import { Database } from '../../lib/store/db/database.js';
import { poolSize } from '../../lib/store/db/pool.js';
import { startApplication, type TestApplication } from '../support/application.js';
import { type DatabaseAddress, dataSourceOptionsFrom, describeEachDatabase } from '../support/databases.js';
import { aborted, deferred, until } from '../support/deferred.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { type Script, scriptedHandler } from '../support/scripted-handler.js';
import { ShopProcess } from './processes/shop-process.js';
import type { ShopSetup } from './processes/shop.js';

@Entity()
class Receipt {
  @PrimaryGeneratedColumn() id: number;
}

@Injectable()
class Receipts implements BeforeApplicationShutdown {
  constructor(private readonly dataSource: DataSource) {}

  @ModelEventSource(Receipt, { on: ['insert'] })
  *written({ id }: Receipt) {
    yield event('receipt', String(id), { id });
  }

  /** Every module has been destroyed by now; the DataSource is still open. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.dataSource.manager.save(new Receipt());
  }
}

describeEachDatabase('shutdown', (db) => {
  let address: DatabaseAddress;
  const running = new Set<ShopProcess>();

  beforeEach(async () => void (address = await db.create()));
  afterEach(() => Promise.all([...running].map((process) => process.kill())));
  afterEach(() => void jest.restoreAllMocks());

  const start = (
    script: Script,
    worker: EventSourcingOptions['worker'] = {},
    transactional = false,
  ): Promise<TestApplication> =>
    startApplication({
      database: dataSourceOptionsFrom(address),
      providers: [scriptedHandler('One', script, { transactional })],
      options: {
        dispatch: 'background',
        worker: { concurrency: 1, pollInterval: 20, lease: '1h', ...worker },
      },
    });
  const shop = async (role: ShopSetup['role'], options: EventSourcingOptions) => {
    const started = new ShopProcess({ address, role, options });
    running.add(started);
    void started.exited.then(() => running.delete(started));
    await started.hears(([what]) => what === 'ready');
    return started;
  };

  // There is one connection: while a transaction is open on it nothing can be given back.
  const canGiveBack = db.name === 'sqlite' ? [false] : [false, true];
  it.each(canGiveBack)(
    'lets what runs finish, starts nothing more and loses nothing (transactional: %s)',
    async (transactional) => {
      const begun = deferred();
      const goOn = deferred();
      const seen: string[] = [];
      const first = await start(
        async (event) => {
          begun.resolve();
          await goOn.promise;
          seen.push(event.key);
        },
        { shutdownTimeout: '1h' },
        transactional,
      );
      await first.log.append(Array.from({ length: 30 }, (_, i) => ({ group: 'made', key: `made_${i}` })));
      await begun.promise;
      const closed = first.close();
      await until(async () => (await first.deliveries.counts()).running === 1);
      goOn.resolve();
      await closed;
      expect(seen).toHaveLength(1);

      // Nothing was left to the lease: that would last an hour.
      const outside = await startApplication({ database: dataSourceOptionsFrom(address) });
      expect(await outside.deliveries.counts()).toMatchObject({ succeeded: 1, pending: 29, running: 0 });
      await outside.close();
      const second = await start((event) => seen.push(event.key));
      await drain(second.app);
      expect(new Set(seen).size).toBe(30);
      expect(seen).toHaveLength(30);
      expect(await second.deliveries.counts()).toMatchObject({ succeeded: 30, pending: 0, running: 0 });
      await second.close();
    },
  );

  it.each([false, true])(
    'gives back what does not end in time, without counting an attempt (transactional: %s)',
    async (transactional) => {
      const begun = deferred();
      const reason = deferred<Error>();
      const hangs: Script = async (_, { signal }) => {
        begun.resolve();
        reason.resolve(await aborted(signal));
        await new Promise(() => undefined);
      };
      const first = await start(hangs, { shutdownTimeout: 50 }, transactional);
      await first.log.append({ group: 'made', key: 'made_1' });
      await begun.promise;
      await first.close();
      expect(await reason.promise).toMatchObject({ code: 'SHUTDOWN' });

      const attempts: number[] = [];
      const second = await start((_, { attempt }) => attempts.push(attempt));
      await drain(second.app);
      expect((await second.deliveries.list()).items).toMatchObject([{ status: 'succeeded', attempts: 1 }]);
      await second.close();
    },
  );

  it('says once which handlers it waits for and for how long', async () => {
    const [begun, goOn, said] = [deferred(), deferred(), deferred()];
    const first = await start(
      async () => {
        begun.resolve();
        await goOn.promise;
      },
      { shutdownTimeout: '1h' },
    );
    const logger = new RecordingLogger();
    jest.spyOn(logger, 'log').mockImplementation((line) => {
      logger.lines.push(String(line));
      if (String(line).startsWith('Shutdown waits')) said.resolve();
    });
    Logger.overrideLogger(logger);
    await first.log.append({ group: 'made', key: 'made_1' });
    await begun.promise;
    const closed = first.close();
    await said.promise;
    goOn.resolve();
    await closed;
    Logger.overrideLogger(false);
    expect(logger.lines.filter((line) => line.includes('Shutdown'))).toEqual([
      expect.stringMatching(
        /^Shutdown waits, 720\d s more at most, for handlers that run: One. They are aborted after 3600 s \(worker.shutdownTimeout\)\.$/,
      ),
    ]);
  });

  it('ends when the application uses up all connections for good, and gives up the lease on one of its own', async () => {
    let statements = 0;
    // Housekeeping has both: in which of them it has to wait is a matter of the moment.
    for (const method of ['run', 'transactionOnce'] as const) {
      const original = Database.prototype[method] as (this: Database, work: unknown) => Promise<unknown>;
      jest.spyOn(Database.prototype, method).mockImplementation(async function (this: Database, work) {
        statements++;
        return original.call(this, work).finally(() => statements--);
      });
    }
    const { log, dataSource, deliveries, close } = await start(() => undefined, { shutdownTimeout: 0 });
    await log.append({ group: 'made', key: 'made_1' });
    await until(async () => (await deliveries.counts()).succeeded === 1);
    const runners = Array.from({ length: poolSize(dataSource) }, () => dataSource.createQueryRunner());
    if (db.name === 'sqlite') await runners[0]!.startTransaction();
    else await Promise.all(runners.map((runner) => runner.connect()));
    // Housekeeping waits for a connection.
    await until(() => statements > 0);
    let waiting = 0;
    const { destroy } = dataSource;
    jest.spyOn(dataSource, 'destroy').mockImplementation(() => {
      waiting = statements;
      return destroy.call(dataSource);
    });
    await close();
    // It waits still: it has been given up neither by the pool nor, as after 30 s, by SQLite's gate.
    expect(waiting).toBeGreaterThan(0);

    const outside = await startApplication({ database: dataSourceOptionsFrom(address) });
    const leases = await outside.dataSource.query<unknown[]>('SELECT id FROM once_worker');
    // SQLite has one connection for all: there the lease ends by itself.
    expect(leases).toHaveLength(db.name === 'sqlite' ? 1 : 0);
    await outside.close();
  });

  it.each(['none', 'background', 'inline'] as const)(
    'records what is written until the DataSource is closed (dispatch: %s)',
    async (dispatch) => {
      const handler = scriptedHandler('One', () => undefined, { pattern: 'receipt' });
      const setup = { database: dataSourceOptionsFrom(address), entities: [Receipt] };
      const first = await startApplication({
        ...setup,
        providers: [Receipts, handler],
        options: { dispatch, rescan: false },
      });
      await first.close();
      const second = await startApplication({ ...setup, synchronize: false });
      const events = await second.dataSource.query<{ event_key: string }[]>(
        'SELECT event_key FROM once_event',
      );
      expect(events).toMatchObject([{ event_key: 'receipt_1' }]);
      expect(await second.deliveries.counts()).toMatchObject({ pending: 1, running: 0 });
      await second.close();
    },
  );

  it('leaves nothing open: the process ends by itself', async () => {
    const process = await shop('handle-one', { worker: { pollInterval: 50 } });
    await process.hears(([what]) => what === 'survived');
    process.send('close');
    expect(await process.exited).toEqual([0, null]);
  });

  it("with onExhausted: 'shutdown' follows a delivery that died, in order, with exit code 1", async () => {
    const process = await shop('work', {
      onExhausted: 'shutdown',
      retry: { maxRetries: 1, interval: 1 },
      worker: { pollInterval: 50 },
    });
    const outside = await startApplication({ database: dataSourceOptionsFrom(address) });
    await outside.log.append({ group: 'hopeless', key: 'hopeless_1' });
    expect(await process.exited).toEqual([1, null]);
    expect(process.told.map(([what]) => what)).toEqual([
      'ready',
      'failing',
      'failing',
      'onModuleDestroy',
      'onApplicationShutdown',
    ]);
    expect(await outside.deliveries.counts()).toMatchObject({ dead: 1 });
    await outside.close();
  });
});
