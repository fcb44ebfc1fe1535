import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { event, Followers } from 'nestjs-once';
import { whenCaughtUp } from 'nestjs-once/testing';
import { startApplication, type TestApplication } from '../../support/application.js';
import { type DatabaseAddress, dataSourceOptionsFrom } from '../../support/data-source-options.js';
import { deferred } from '../../support/deferred.js';
import { describeEachDatabase } from '../../support/databases.js';
import { Effect, Effects } from './follower-process.js';

const RUN_TS = fileURLToPath(new URL('../../support/run-ts.mjs', import.meta.url));
const PROCESS = fileURLToPath(new URL('follower-process.ts', import.meta.url));

describeEachDatabase('a follower of several processes', (db) => {
  let address: DatabaseAddress;
  let child: ChildProcess | undefined;
  const open: TestApplication[] = [];

  beforeEach(async () => {
    address = await db.create();
  });

  afterEach(async () => {
    child?.kill('SIGKILL');
    for (const one of open.splice(0)) await one.close();
  });

  async function start(dispatch: 'background' | 'none', synchronize = true): Promise<TestApplication> {
    const application = await startApplication({
      database: dataSourceOptionsFrom(address),
      entities: [Effect],
      providers: [Effects],
      options: { dispatch, worker: { lease: 1000, listen: false, pollInterval: 100 } },
      synchronize,
    });
    open.push(application);
    return application;
  }

  const effects = async ({ dataSource }: TestApplication) =>
    (await dataSource.getRepository(Effect).find({ order: { id: 'ASC' } })).map(({ n }) => n);

  const followed = async ({ log }: TestApplication) => {
    const found: number[] = [];
    for await (const { data } of log.read<{ n: number }>({ groups: ['Followed'] })) found.push(data.n);
    return found;
  };

  const happened = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, index) => event('Happened', from + index, { n: from + index }));

  it('is taken over when its process is killed between an effect and its commit, and nothing is doubled', async () => {
    const recorder = await start('none');
    await recorder.log.append(happened(1, 8));
    child = fork(RUN_TS, [PROCESS, 'follow', JSON.stringify(address), '5']);
    await once(child, 'message');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const successor = await start('background', false);
    await successor.app.get(Followers).waitFor('Effects', 8, { timeout: '60s' });
    await whenCaughtUp(successor.app, { timeout: '60s' });
    expect([await effects(successor), await followed(successor)]).toEqual([
      [1, 2, 3, 4, 5, 6, 7, 8],
      [1, 2, 3, 4, 5, 6, 7, 8],
    ]);
  });

  it('has one owner, finds what others record without being told, and is controlled from any of them', async () => {
    const one = await start('background');
    const other = await start('background', false);
    const recorder = await start('none', false);
    await recorder.log.append(happened(1, 10));
    for (const { app } of [one, other]) await whenCaughtUp(app, { timeout: '60s' });
    expect(await effects(recorder)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    await other.app.get(Followers).pause('Effects');
    await recorder.log.append(happened(11, 11));
    expect(await one.app.get(Followers).status('Effects')).toMatchObject({
      state: 'paused',
      isFollowed: true,
    });
    await recorder.app.get(Followers).resume('Effects');
    await whenCaughtUp(other.app, { timeout: '60s' });
    expect(await effects(recorder)).toHaveLength(11);
    expect(await followed(recorder)).toHaveLength(11);
  });

  if (db.name !== 'sqlite')
    it('waits for a transaction with a lower position, and passes over one that is rolled back', async () => {
      const application = await start('background');
      const [began, end] = [deferred(), deferred()];
      const slow = application.dataSource.transaction(async (manager) => {
        await application.log.append(happened(1, 1), { manager });
        began.resolve();
        await end.promise;
      });
      await began.promise;
      const undone = application.dataSource.transaction(async (manager) => {
        await application.log.append(happened(2, 2), { manager });
        throw new Error('rolled back');
      });
      await expect(undone).rejects.toThrow('rolled back');
      const [later] = await application.log.append(happened(3, 3));
      const early = application.app.get(Followers).waitFor('Effects', later!.event!, { timeout: 300 });
      await expect(early).rejects.toMatchObject({ code: 'FOLLOWER_TIMEOUT', reached: 0 });
      end.resolve();
      await slow;
      await whenCaughtUp(application.app, { timeout: '60s' });
      expect(await effects(application)).toEqual([1, 3]);
    });
});
