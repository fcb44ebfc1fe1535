import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { drain, whenCaughtUp } from 'nestjs-once/testing';
import { deferred } from '../../support/deferred.js';
import { describeEachDatabase } from '../../support/databases.js';
import { EffectOfFirst, EffectOfSecond, First, Second } from './two-versions.js';
import { acted, effects, happened, upTo, VersionsBench } from './versions-bench.js';

const RUN_TS = fileURLToPath(new URL('../../support/run-ts.mjs', import.meta.url));
const PROCESS = fileURLToPath(new URL('two-versions.ts', import.meta.url));

describeEachDatabase('a new version of a follower', (db) => {
  let bench: VersionsBench;

  beforeEach(async () => {
    bench = new VersionsBench(await db.create());
  });

  afterEach(() => bench.close());

  it('catches up beside the one before, which goes on, and takes its place; each event is acted on once', async () => {
    const one = await bench.start(First);
    await one.log.append(happened(1, 10));
    await one.followers.sync();
    const other = await bench.start(Second);
    expect(await one.followers.status('Effects')).toMatchObject({
      version: 1,
      state: 'running',
      activeVersion: 1,
    });
    expect(await other.followers.status('Effects')).toMatchObject({
      ...{ version: 2, state: 'rebuilding', position: 0, activeVersion: 1 },
      rebuild: { until: 10, progress: 0 },
    });
    await one.log.append(happened(11, 12));
    await one.followers.sync();
    await other.log.append(happened(13, 14));
    await drain(other.app);
    // What the one before has not come to is its successor's.
    expect(await other.followers.activeVersion('Effects')).toBe(2);
    expect(await effects(other, EffectOfSecond)).toEqual(upTo(14));
    expect(other.follower.seen).toEqual(upTo(14).map((n) => [n, n <= 12]));
    await drain(one.app);
    expect(await effects(one, EffectOfFirst)).toEqual(upTo(14));
    await one.log.append(happened(15, 16));
    await drain(one.app);
    await drain(other.app);
    await drain(one.app);
    expect(await effects(one, EffectOfFirst)).toEqual(upTo(16));
    expect(await effects(other, EffectOfSecond)).toEqual(upTo(16));
    expect(one.follower.seen.slice(-4)).toEqual([13, 14, 15, 16].map((n) => [n, true]));
    expect(await acted(one)).toEqual(upTo(16));
    expect(await one.followers.status('Effects')).toMatchObject({
      version: 1,
      state: 'running',
      activeVersion: 2,
    });
  });

  it('goes on where it was interrupted, and readers see the one before until then', async () => {
    const one = await bench.start(First);
    await one.log.append(happened(1, 10));
    await drain(one.app);
    const other = await bench.start(Second);
    const dry = await other.followers.rebuild('Effects', { dryRun: true });
    expect(dry).toMatchObject({ version: 2, activeVersion: 1, from: 0, events: 10 });
    expect(other.follower.seen).toEqual([]);
    const ending = new AbortController();
    const interrupted = await other.followers.rebuild('Effects', {
      signal: ending.signal,
      onProgress: () => ending.abort(),
    });
    expect(interrupted).toMatchObject({ activeVersion: 1, events: 4, interrupted: true });
    expect(await other.followers.activeVersion('Effects')).toBe(1);
    const { position, rebuild } = await other.followers.status('Effects');
    expect(position).toBe(4);
    expect(rebuild!.progress).toBeCloseTo(position / rebuild!.until);
    const successor = await bench.start(Second);
    const report = await successor.followers.rebuild('Effects');
    expect(report).toMatchObject({ version: 2, activeVersion: 2, from: 4, events: 6, interrupted: false });
    expect(await effects(successor, EffectOfSecond)).toEqual(upTo(10));
    expect(await successor.followers.rebuild('Effects')).toMatchObject({ activeVersion: 2, events: 0 });
  });

  it('is rebuilt by two processes at once beside one that goes on, and nothing is done twice', async () => {
    const one = await bench.start(First, 'background');
    await one.log.append(happened(1, 30));
    await whenCaughtUp(one.app);
    const [second, third] = [await bench.start(Second, 'background'), await bench.start(Second, 'none')];
    const more = (async () => {
      for (let n = 31; n <= 60; n++) await one.log.append(happened(n, n));
    })();
    await Promise.all([more, third.followers.rebuild('Effects').catch(() => undefined)]);
    await whenCaughtUp(second.app, { timeout: '60s' });
    await whenCaughtUp(one.app, { timeout: '60s' });
    expect(await third.followers.activeVersion('Effects')).toBe(2);
    expect(await effects(one, EffectOfSecond)).toEqual(upTo(60));
    expect(await effects(one, EffectOfFirst)).toEqual(upTo(60));
    expect((await acted(one)).sort((a, b) => a - b)).toEqual(upTo(60));
  });

  it('is rebuilt to the end by another process when the one that did it is killed', async () => {
    const one = await bench.start(First);
    await one.log.append(happened(1, 10));
    await drain(one.app);
    const child = fork(RUN_TS, [PROCESS, 'rebuild', JSON.stringify(bench.address), '6']);
    await once(child, 'message');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await one.followers.activeVersion('Effects')).toBe(1);
    const other = await bench.start(Second);
    expect(await other.followers.rebuild('Effects')).toMatchObject({ activeVersion: 2, from: 4, events: 6 });
    expect(await effects(other, EffectOfSecond)).toEqual(upTo(10));
    expect(await acted(other)).toEqual(upTo(10));
  });

  // SQLite has one writer: nobody can be in the middle of anything.
  if (db.name !== 'sqlite')
    it('waits for what the one before is in the middle of, and handles that too before it takes its place', async () => {
      const one = await bench.start(First);
      await one.log.append(happened(1, 4));
      await drain(one.app);
      const other = await bench.start(Second);
      const [began, end] = [deferred(), deferred()];
      one.follower.before = async () => {
        began.resolve();
        await end.promise;
      };
      await one.log.append(happened(5, 5));
      const passing = one.followers.sync();
      await began.promise;
      const near = deferred();
      const rebuilt = other.followers.rebuild('Effects', {
        onProgress: ({ position, until }) => position === until && near.resolve(),
      });
      await near.promise;
      expect(await one.followers.activeVersion('Effects')).toBe(1);
      end.resolve();
      await passing;
      await rebuilt;
      expect(await one.followers.activeVersion('Effects')).toBe(2);
      expect(other.follower.seen).toEqual(upTo(5).map((n) => [n, true]));
      expect(await acted(one)).toEqual(upTo(5));
    });
});
