import { Logger } from '@nestjs/common';
import { event, type EventSourcingOptions, ModelEventSource } from 'nestjs-once';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { Engine } from '../../../lib/module/engine.js';
import { engineToken } from '../../../lib/module/tokens.js';
import { startApplication, type TestApplication } from '../../support/application.js';
import { CuttableProxy } from '../../support/cuttable-proxy.js';
import { dataSourceOptionsFrom } from '../../support/data-source-options.js';
import { describeEachDatabase } from '../../support/databases.js';
import { aborted, deferred, until } from '../../support/deferred.js';
import { RecordingLogger } from '../../support/recording-logger.js';
import { type Script, scriptedHandler } from '../../support/scripted-handler.js';

@Entity()
class Note {
  @PrimaryGeneratedColumn()
  id: number;

  @Column('varchar')
  text: string;
}

class Notes {
  @ModelEventSource(Note)
  *written(note: Note) {
    yield event('note_written', note.id);
  }
}

const LOST = /^warn: The database cannot be reached \(.+\): waiting for it\.$/;
const RETURNED = /^log: The database is back after \d+ s\.$/;
const RETURNED_LATE =
  /^log: The database is back after \d+ s\. The lease of this process lapsed meanwhile: .+$/;

describeEachDatabase('an outage of the database', (db) => {
  if (db.name === 'sqlite') {
    it('that lives in this process explains no failure', async () => {
      const { app, close } = await startApplication({ database: await db.options() });
      expect(await app.get<Engine>(engineToken()).parts.connectivity.explainsFailure()).toBe(false);
      await close();
    });
    return;
  }
  let proxy: CuttableProxy;
  let logger: RecordingLogger;
  let application: TestApplication;

  const start = async (script: Script, options: EventSourcingOptions = {}) => {
    const address = await db.create();
    proxy = await CuttableProxy.before(address.url);
    application = await startApplication({
      database: dataSourceOptionsFrom({ ...address, url: proxy.through(address.url) }, { logging: false }),
      entities: [Note],
      providers: [Notes, scriptedHandler('Reads', script)],
      options: { dispatch: 'background', worker: { pollInterval: 20 }, ...options },
    });
    logger = new RecordingLogger();
    Logger.overrideLogger(logger);
    return application;
  };

  const lost = () => until(() => logger.lines.some((line) => LOST.test(line)));
  const save = (text: string) => application.dataSource.getRepository(Note).save({ text });

  afterEach(async () => {
    proxy.restore();
    await application.close();
    await proxy.close();
    Logger.overrideLogger(false);
  });

  it('is told of once when it begins and once when it ends; what was handled meanwhile counts', async () => {
    const running = deferred();
    const release = deferred();
    const handled: string[] = [];
    const { deliveries } = await start(
      async ({ key }) => {
        handled.push(key);
        running.resolve();
        await release.promise;
      },
      { worker: { pollInterval: 20, lease: '1h' } },
    );
    await save('a');
    await running.promise;
    proxy.cut();
    await lost();
    // Fails as it does without the module, at once.
    const error: unknown = await application.dataSource.query('SELECT 1').catch((reason: unknown) => reason);
    await expect(save('b')).rejects.toThrow((error as Error).message);
    // Nobody tries to connect but the one who looks for its return, less and less often.
    const { refused } = proxy;
    const before = refused.length;
    await until(() => refused.length > before && refused.at(-1)! - refused.at(-2)! > 1400);
    expect(refused.length - before).toBeLessThan(8);
    release.resolve();
    const tried = refused.length;
    await until(() => refused.length > tried);
    proxy.restore();
    await until(() => logger.lines.length === 2);
    await until(async () => (await deliveries.counts()).succeeded === 1);
    await save('c');
    await until(async () => (await deliveries.counts()).succeeded === 2);
    expect(handled).toHaveLength(2);
    expect((await deliveries.list()).items).toMatchObject([{ attempts: 1, rescues: 0 }, { attempts: 1 }]);
    expect(logger.lines).toEqual([expect.stringMatching(LOST), expect.stringMatching(RETURNED)]);
  });

  it('that outlasts the lease takes the running handlers along; they run again', async () => {
    const reason = deferred<Error>();
    const running = deferred();
    const attempts: number[] = [];
    const { deliveries } = await start(
      async (_, { attempt, signal }) => {
        attempts.push(attempt);
        if (attempt > 1) return;
        running.resolve();
        reason.resolve(await aborted(signal));
      },
      // A third of it is what a loaded machine may stand still without the lease being lost too early.
      { worker: { pollInterval: 20, lease: 3000 } },
    );
    await save('a');
    await running.promise;
    proxy.cut();
    expect(await reason.promise).toMatchObject({ code: 'LEASE_LOST' });
    proxy.restore();
    await until(async () => (await deliveries.counts().catch(() => undefined))?.succeeded === 1);
    expect(attempts).toEqual([1, 2]);
    expect(logger.of('warn').filter((line) => LOST.test(line))).toHaveLength(1);
    expect(logger.of('log')).toEqual([expect.stringMatching(RETURNED_LATE)]);
  });

  it('keeps no application from shutting down, in order and with no word but what it waits for', async () => {
    const running = deferred();
    const release = deferred();
    await start(
      async () => {
        running.resolve();
        await release.promise;
      },
      { worker: { pollInterval: 20, shutdownTimeout: 100 } },
    );
    await save('a');
    await running.promise;
    proxy.cut();
    await lost();
    release.resolve();
    await application.close();
    const others = logger.lines.filter((line) => !line.includes('Shutdown waits, '));
    expect(others).toEqual([expect.stringMatching(LOST)]);
  });
});
