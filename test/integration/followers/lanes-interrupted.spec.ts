import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { drain, whenCaughtUp } from 'nestjs-once/testing';
import type { Engine } from '../../../lib/module/engine.js';
import { engineToken } from '../../../lib/module/tokens.js';
import { type DatabaseAddress, dataSourceOptionsFrom } from '../../support/data-source-options.js';
import { aborted } from '../../support/deferred.js';
import { describeEachDatabase } from '../../support/databases.js';
import {
  committed,
  happened,
  holdAt,
  type LanedStart,
  lanedFollower,
  startLaned,
  untilCommitted,
  upTo,
  whole,
} from './lanes-bench.js';

const RUN_TS = fileURLToPath(new URL('../../support/run-ts.mjs', import.meta.url));
const PROCESS = fileURLToPath(new URL('lanes-bench.ts', import.meta.url));

describeEachDatabase('a follower whose lanes were interrupted', (db) => {
  let address: DatabaseAddress;
  let observer: Awaited<ReturnType<typeof startLaned>>;
  const open: { close(): Promise<void> }[] = [];

  beforeEach(async () => {
    address = await db.create();
    observer = await start({ synchronize: true });
  });

  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });

  async function start(options: Partial<LanedStart> = {}) {
    const database = dataSourceOptionsFrom(address);
    const application = await startLaned({ database, synchronize: false, ...options });
    open.push(application);
    return application;
  }

  /** The lanes of `a` and `b` come to the end of the round, that of `d` is rolled back. */
  async function interrupted(last: number, from = 1, options: Partial<LanedStart> = {}) {
    const numbers = upTo(last, from);
    await observer.log.append(happened(numbers, rotated(from)));
    const worker = await start({ dispatch: 'background', worker: { shutdownTimeout: 1 }, ...options });
    const ofLast = numbers.filter((n) => n % 3 === 0);
    const { held } = holdAt(worker.laned, ofLast[1]!);
    await held;
    const before = upTo(last).filter((n) => n < from || n % 3 !== 0);
    await untilCommitted(observer, before);
    open.splice(open.indexOf(worker), 1);
    await worker.close();
    expect(await committed(observer)).toEqual(before);
    return ofLast;
  }

  const rotated = (from: number) => 'abd'.slice((from - 1) % 3) + 'abd'.slice(0, (from - 1) % 3);
  const lanes = () => observer.dataSource.query<unknown[]>('SELECT * FROM once_follower_lane');

  it.each([4, 2, 1])(
    'by the death of its process goes on with what is left, also where it has %i at a time then',
    async (streams) => {
      await observer.log.append(happened(upTo(9)));
      const child = fork(RUN_TS, [PROCESS, 'lanes', JSON.stringify(address), '6']);
      await once(child, 'message');
      await untilCommitted(observer, [1, 2, 4, 5, 7, 8]);
      child.kill('SIGKILL');
      await once(child, 'exit');
      const successor = await start({ dispatch: 'background', follower: lanedFollower({ streams }) });
      await successor.followers.waitFor('Laned', 9, { timeout: '60s' });
      await whenCaughtUp(successor.app, { timeout: '60s' });
      expect(successor.laned.calls).toEqual(['d3', 'd6', 'd9']);
      expect(await successor.outcome()).toEqual(whole(9));
      expect(await lanes()).toEqual([]);
      await successor.log.append(happened(upTo(18, 10)));
      await whenCaughtUp(successor.app, { timeout: '60s' });
      expect(await successor.outcome()).toEqual(whole(18));
    },
  );

  it.each([4, 2, 1])('by its shutdown does the same, with %i at a time', async (streams) => {
    await interrupted(9);
    const successor = await start({ follower: lanedFollower({ streams, batchSize: 2 }) });
    expect(await successor.followers.sync({ dryRun: true })).toEqual([{ name: 'Laned', events: 3 }]);
    expect(await successor.followers.sync()).toEqual([{ name: 'Laned', events: 3 }]);
    expect(successor.laned.calls).toEqual(['d3', 'd6', 'd9', 'd3', 'd6', 'd9']);
    expect(await successor.outcome()).toEqual(whole(9));
    expect(await lanes()).toEqual([]);
  });

  it('by its shutdown commits what each lane has handled, and begins no further event', async () => {
    await observer.log.append(happened(upTo(9)));
    const worker = await start({ dispatch: 'background' });
    const { held, end } = holdAt(worker.laned, 3);
    await held;
    await untilCommitted(observer, [1, 2, 4, 5, 7, 8]);
    open.splice(open.indexOf(worker), 1);
    const closing = worker.close();
    await aborted(worker.app.get<Engine>(engineToken()).stopping.signal);
    await setImmediate();
    end();
    await closing;
    expect(await committed(observer)).toEqual([1, 2, 3, 4, 5, 7, 8]);
    await drain(observer.app);
    expect(observer.laned.calls).toEqual(['d6', 'd9']);
    expect(await observer.outcome()).toEqual(whole(9));
  });

  it('and which is reset replays what they had handled, and acts on the rest', async () => {
    await observer.log.append(happened(upTo(9)));
    await drain(observer.app);
    await interrupted(18, 10);
    const successor = await start({ follower: lanedFollower({ batchSize: 2 }) });
    await successor.followers.reset('Laned');
    expect(await committed(observer)).toEqual([]);
    await drain(successor.app);
    expect(successor.laned.calls).toHaveLength(18);
    const acted = [12, 15, 18];
    expect(successor.laned.replayed.sort((a, b) => a - b)).toEqual(
      upTo(18).filter((n) => !acted.includes(n)),
    );
    expect(await successor.outcome()).toEqual(whole(18));
    expect(await lanes()).toEqual([]);
  });

  it('and which is moved forward handles nothing again of what they had handled behind that', async () => {
    await interrupted(9);
    await observer.followers.moveTo('Laned', 3);
    await drain(observer.app);
    expect(observer.laned.calls).toEqual(['d6', 'd9']);
    expect(await committed(observer)).toEqual([1, 2, 4, 5, 6, 7, 8, 9]);
    expect(observer.laned.replayed).toEqual([]);
  });

  it('and which is moved back handles it again, as replayed', async () => {
    await observer.log.append(happened(upTo(3)));
    await drain(observer.app);
    observer.laned.calls.length = 0;
    await interrupted(12, 4);
    await observer.followers.moveTo('Laned', 1);
    await drain(observer.app);
    expect(observer.laned.calls).toHaveLength(11);
    const isOpen = (n: number) => [6, 9, 12].includes(n);
    expect(observer.laned.replayed.sort((a, b) => a - b)).toEqual(upTo(12, 2).filter((n) => !isOpen(n)));
    expect((await observer.outcome()).followed).toEqual(upTo(12));
  });

  it('leaves out what is skipped by hand, but for what they had handled', async () => {
    await interrupted(9);
    await expect(observer.followers.skip('Laned', 1)).rejects.toMatchObject({ code: 'FOLLOWER_POSITION' });
    await observer.followers.skip('Laned', 6);
    await drain(observer.app);
    expect(observer.laned.calls).toEqual(['d3', 'd9']);
    expect(await observer.followers.status('Laned')).toMatchObject({ skipped: 1, lag: 0 });
  });

  it('and whose place a new version takes is not acted for again', async () => {
    await observer.log.append(happened(upTo(3)));
    await drain(observer.app);
    await interrupted(12, 4);
    const second = await start({ follower: lanedFollower({ version: 2 }) });
    expect(await second.followers.rebuild('Laned')).toMatchObject({ activeVersion: 2, events: 3 });
    await drain(second.app);
    const isOpen = (n: number) => [6, 9, 12].includes(n);
    expect(second.laned.replayed.sort((a, b) => a - b)).toEqual(upTo(12).filter((n) => !isOpen(n)));
    expect(second.laned.calls).toHaveLength(12);
    expect((await second.outcome()).followed).toEqual(upTo(12));
  });
});
