import { Logger } from '@nestjs/common';
import type { WorkerOptions } from 'nestjs-once';
import { DataSource, type QueryRunner } from 'typeorm';
import type { Engine } from '../../../lib/module/engine.js';
import { engineToken } from '../../../lib/module/tokens.js';
import { startApplication, type TestApplication } from '../../support/application.js';
import {
  type DatabaseAddress,
  dataSourceOptionsFrom,
  describeEachDatabase,
} from '../../support/databases.js';
import { deferred, until } from '../../support/deferred.js';
import { RecordingLogger } from '../../support/recording-logger.js';
import { scriptedHandler } from '../../support/scripted-handler.js';

/** Far longer than any test takes: what is handled was not found by a regular look. */
const NEVER = '1h';
/** Of the pooler, for each database. */
const POOL = 20;

describeEachDatabase('a pooler in transaction mode before the database', (db) => {
  const applications: TestApplication[] = [];
  let address: DatabaseAddress;
  let logger: RecordingLogger;

  const start = async (worker: WorkerOptions, handled: (key: string) => void) => {
    const application = await startApplication({
      database: dataSourceOptionsFrom(address),
      providers: [scriptedHandler('One', ({ key }) => handled(key))],
      options: {
        dispatch: 'background',
        worker: { pollInterval: NEVER, lease: NEVER, ...worker },
        retention: false,
      },
    });
    applications.push(application);
    Logger.overrideLogger(logger);
    return { ...application, engine: application.app.get<Engine>(engineToken()) };
  };

  const said = () => logger.of('warn').filter((line) => line.includes('Listening'));

  /** Another process, which knows the handler. */
  const recording = async () => {
    const recorder = await startApplication({ database: dataSourceOptionsFrom(address) });
    applications.push(recorder);
    return recorder;
  };

  beforeEach(async () => {
    address = await db.create();
    logger = new RecordingLogger();
  });

  afterEach(async () => {
    for (const each of applications.splice(0)) await each.close();
    Logger.overrideLogger(false);
  });

  if (!db.pooled) {
    it('is not told of by a process that has none before it', async () => {
      const { engine } = await start({}, () => undefined);
      const { wakeUp, worker } = engine.parts;
      await until(() => worker.isWaiting && (wakeUp.isHearing || db.dialect !== 'postgres'));
      expect(said()).toEqual([]);
      expect(wakeUp.isDeaf).toBe(false);
    });
    return;
  }

  it('a process that would listen says once that it hears nothing, and looks as often as one that does not listen', async () => {
    const handled = new Map(['first', 'second', 'third'].map((key) => [key, deferred()]));
    const { engine } = await start({ directUrl: undefined }, (key) => handled.get(key)!.resolve());
    const { handlerIds } = engine;
    const { wakeUp, polling, outlook, worker } = engine.parts;
    await until(() => wakeUp.isDeaf && worker.isWaiting);
    const recorder = await recording();
    for (const [index, [key, { promise }]] of [...handled].entries()) {
      await until(() => worker.isWaiting);
      await recorder.log.append({ group: 'a', key });
      // The first of the looks is a regular one; it would come in an hour.
      if (index === 0) polling.saw(await outlook.nextDue(handlerIds));
      await promise;
    }
    // It is said when the database was asked whether it is there at all.
    await until(() => said().length > 0);
    expect(said()).toEqual([expect.stringMatching(/PooledConnectionError: .*worker\.directUrl/)]);
    expect(engine.services.find(({ name }) => name === 'wake-up')).toHaveProperty('failure');
  });

  it('heartbeats reach the server by the direct address while handlers have all sessions of the pooler', async () => {
    const { engine } = await start({}, () => undefined);
    await until(() => engine.parts.keeper.sinceExtended !== undefined);
    const others = new DataSource(dataSourceOptionsFrom(address, { poolSize: POOL }));
    await others.initialize();
    const held: QueryRunner[] = [];
    for (let count = 0; count < POOL; count++) {
      held.push(others.createQueryRunner());
      await held.at(-1)!.startTransaction();
      await held.at(-1)!.query('SELECT 1');
    }
    const before = engine.parts.keeper.sinceExtended!;
    engine.parts.keeper.renew();
    await until(() => engine.parts.keeper.sinceExtended! < before);
    for (const runner of held) {
      await runner.rollbackTransaction();
      await runner.release();
    }
    await others.destroy();
  });

  it('a process with a direct address is told at once', async () => {
    const handled = deferred();
    const { engine } = await start({}, () => handled.resolve());
    await until(() => engine.parts.wakeUp.isHearing && engine.parts.worker.isWaiting);
    const recorder = await recording();
    await recorder.log.append({ group: 'a', key: 'a' });
    await handled.promise;
    expect(said()).toEqual([]);
  });
});
