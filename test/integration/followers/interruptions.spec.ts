import { setImmediate } from 'node:timers/promises';
import { Injectable, type INestApplicationContext } from '@nestjs/common';
import { event, Follower, type FollowerContext, Followers, On, type RecordedEvent } from 'nestjs-once';
import { whenCaughtUp } from 'nestjs-once/testing';
import { Column, type DataSource, type DataSourceOptions, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { Engine } from '../../../lib/module/engine.js';
import { engineToken } from '../../../lib/module/tokens.js';
import { startApplication, type TestApplication } from '../../support/application.js';
import { aborted, deferred } from '../../support/deferred.js';
import { describeEachDatabase } from '../../support/databases.js';
import { RecordingLogger } from '../../support/recording-logger.js';

@Entity()
class Step {
  @PrimaryGeneratedColumn()
  id: number;

  @Column()
  n: number;
}

type Meddling = (n: number, context: FollowerContext) => Promise<unknown>;

/** A follower that writes a row for each event; then what a test does in the middle of its method happens. */
@Injectable()
@Follower('Steps', { retry: { maxRetries: 0 } })
class Steps {
  readonly calls: string[] = [];
  meddle: Meddling = async () => undefined;

  @On('Stepped')
  async stepped({ data: { n } }: RecordedEvent<{ n: number }>, context: FollowerContext): Promise<void> {
    this.calls.push(`${n}.${context.attempt}`);
    await context.manager.insert(Step, { n });
    context.collect({ group: 'Noted', data: { n } });
    await this.meddle(n, context);
  }
}

describeEachDatabase('a pass of a follower', (db) => {
  let database: DataSourceOptions;
  let isNew = true;
  const open: TestApplication[] = [];

  beforeEach(async () => {
    database = await db.options();
    isNew = true;
  });

  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });

  async function start(dispatch: 'background' | 'none', options: object = {}, logger?: RecordingLogger) {
    const application = await startApplication({
      database,
      entities: [Step],
      providers: [Steps],
      options: { dispatch, ...options },
      synchronize: isNew,
      ...(logger ? { logger } : {}),
    });
    isNew = false;
    open.push(application);
    const { app } = application;
    return { ...application, steps: app.get(Steps), followers: app.get(Followers) };
  }

  async function closed(application: TestApplication): Promise<void> {
    open.splice(
      open.findIndex(({ app }) => app === application.app),
      1,
    );
    await application.close();
  }

  const stepped = (last: number) => Array.from({ length: last }, (_, n) => event('Stepped', n, { n: n + 1 }));

  /** What was written, and what was collected. */
  async function outcome({ dataSource, log }: TestApplication): Promise<[number[], number[]]> {
    const noted: number[] = [];
    for await (const { data } of log.read<{ n: number }>({ groups: ['Noted'] })) noted.push(data.n);
    const rows = await dataSource.getRepository(Step).find({ order: { id: 'ASC' } });
    return [rows.map(({ n }) => n), noted];
  }

  describe('that shutdown cuts short', () => {
    it('commits what it has handled and begins no further event; the next start goes on there', async () => {
      const first = await start('background');
      const [held, end] = [deferred(), deferred()];
      first.steps.meddle = async (n) => {
        if (n !== 3) return;
        held.resolve();
        await end.promise;
      };
      await first.log.append(stepped(6));
      await held.promise;
      const closing = closed(first);
      await stopping(first.app);
      end.resolve();
      await closing;
      expect(first.steps.calls).toEqual(['1.1', '2.1', '3.1']);

      const observer = await start('none');
      expect(await outcome(observer)).toEqual([
        [1, 2, 3],
        [1, 2, 3],
      ]);
      const status = await observer.followers.status('Steps');
      expect(status).toMatchObject({ state: 'running', position: 3, isFollowed: false });
      expect(status.failure).toBeUndefined();

      const second = await start('background');
      await whenCaughtUp(second.app, { timeout: '60s' });
      expect(second.steps.calls).toEqual(['4.1', '5.1', '6.1']);
      expect(await outcome(second)).toEqual([
        [1, 2, 3, 4, 5, 6],
        [1, 2, 3, 4, 5, 6],
      ]);
    });

    it('is rolled back where a method outlasts the time that shutdown allows, and is no attempt', async () => {
      const first = await start('background', { worker: { shutdownTimeout: 1 } });
      const held = deferred();
      first.steps.meddle = async (n, { signal }) => {
        if (n !== 2) return;
        held.resolve();
        // A method that does not heed it.
        await aborted(signal);
        await new Promise(() => undefined);
      };
      await first.log.append(stepped(3));
      await held.promise;
      await closed(first);

      const second = await start('background');
      await whenCaughtUp(second.app, { timeout: '60s' });
      expect(second.steps.calls).toEqual(['1.1', '2.1', '3.1']);
      expect(await outcome(second)).toEqual([
        [1, 2, 3],
        [1, 2, 3],
      ]);
    });

    it('is not run again where its event fails meanwhile', async () => {
      const first = await start('background');
      const [held, end] = [deferred(), deferred()];
      first.steps.meddle = async (n) => {
        if (n !== 3) return;
        held.resolve();
        await end.promise;
        throw new Error('refused');
      };
      await first.log.append(stepped(4));
      await held.promise;
      const closing = closed(first);
      await stopping(first.app);
      end.resolve();
      await closing;
      expect(first.steps.calls).toEqual(['1.1', '2.1', '3.1']);

      const second = await start('background');
      await whenCaughtUp(second.app, { timeout: '60s' });
      expect(second.steps.calls).toEqual(['1.1', '2.1', '3.1', '4.1']);
      expect(await outcome(second)).toEqual([
        [1, 2, 3, 4],
        [1, 2, 3, 4],
      ]);
    });
  });

  // There the process itself is the database's only session.
  if (db.name === 'sqlite') return;

  describe('whose session is ended in the middle of a method', () => {
    it.each([
      ['and which goes on with statements', (context: FollowerContext) => context.manager.find(Step)],
      ['and which ends as if nothing had happened', () => undefined],
    ])('%s: the event is handled once in the end, and no attempt is counted', async (_title, goOn) => {
      const logger = new RecordingLogger();
      const { app, log, steps, followers, ...rest } = await start('background', {}, logger);
      let kills = 0;
      steps.meddle = async (n, context) => {
        if (n !== 2 || kills++ > 0) return;
        await killSession(context, rest.dataSource);
        await goOn(context);
      };
      await log.append(stepped(3));
      await whenCaughtUp(app, { timeout: '60s' });
      expect(steps.calls).toEqual(['1.1', '2.1', '1.1', '2.1', '3.1']);
      expect(await outcome({ app, log, ...rest })).toEqual([
        [1, 2, 3],
        [1, 2, 3],
      ]);
      expect(await followers.status('Steps')).toMatchObject({ state: 'running', parked: 0, skipped: 0 });
      expect(logger.of('error')).toEqual([]);
    });
  });

  async function killSession({ manager }: FollowerContext, dataSource: DataSource): Promise<void> {
    const isPostgres = db.name === 'postgres';
    const own = isPostgres ? 'pg_backend_pid()' : 'CONNECTION_ID()';
    const [row] = await manager.query<{ id: number }[]>(`SELECT ${own} AS id`);
    await dataSource.query(
      isPostgres ? `SELECT pg_terminate_backend(${row!.id})` : `KILL CONNECTION ${row!.id}`,
    );
  }
});

/** Resolves when everything of the application that goes on was told to stop. */
async function stopping(app: INestApplicationContext): Promise<void> {
  await aborted(app.get<Engine>(engineToken()).stopping.signal);
  await setImmediate();
}
