import { Injectable } from '@nestjs/common';
import {
  event,
  Follower,
  type FollowerContext,
  Followers,
  FollowerTimeoutError,
  On,
  type RecordedEvent,
} from 'nestjs-once';
import { drain, FixedClock } from 'nestjs-once/testing';
import type { DataSourceOptions } from 'typeorm';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';

type Seen = [n: number, replaying: boolean];

/** Fails at even numbers where the test says so. */
class Base {
  isFailing = true;
  readonly seen: Seen[] = [];

  @On('Counted')
  counted({ data: { n } }: RecordedEvent<{ n: number }>, { replaying }: FollowerContext): void {
    if (this.isFailing && n % 2 === 0) throw new Error(`${n} is refused`);
    this.seen.push([n, replaying]);
  }
}

@Injectable()
@Follower('Parking', { onError: 'park', retry: { maxRetries: 0 } })
class Parking extends Base {}

@Injectable()
@Follower('Skipping', { onError: 'skip', retry: { maxRetries: 0 } })
class Skipping extends Base {}

@Injectable()
@Follower('Stopping', { retry: { maxRetries: 0 } })
class Stopping extends Base {}

@Injectable()
@Follower('Waiting', { retry: { maxRetries: 3, interval: 60_000, jitter: 0 } })
class Waiting extends Base {}

describeEachDatabase('what is told of followers', (db) => {
  let database: DataSourceOptions;
  const open: TestApplication[] = [];
  let clock: FixedClock;

  beforeEach(async () => {
    database = await db.options();
    clock = new FixedClock(new Date());
  });

  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });

  async function start(providers: (typeof Base)[]) {
    const application = await startApplication({ database, providers, options: { clock } });
    open.push(application);
    return { ...application, followers: application.app.get(Followers) };
  }

  const counted = (...numbers: number[]) => numbers.map((n) => event('Counted', n, { n }));

  it('is the same in every process, also in one that does not have them', async () => {
    const one = await start([Parking, Skipping, Stopping, Waiting]);
    const other = await start([]);
    await one.log.append(counted(1, 2, 3));
    clock.advance(5000);
    expect(await other.followers.status('Stopping')).toMatchObject({
      state: 'running',
      position: 0,
      lag: 3,
      lagSeconds: 5,
      isFollowed: false,
    });
    await one.followers.sync();
    const list = await other.followers.list();
    const failure = { position: 2, attempts: 1, error: expect.stringContaining('2 is refused') };
    const passed = { state: 'running', position: 3, lag: 0, lagSeconds: 0 };
    const held = { position: 1, lag: 2, lagSeconds: 5, parked: 0, skipped: 0, failure };
    expect(list).toMatchObject([
      { name: 'Parking', ...passed, parked: 1, skipped: 0 },
      { name: 'Skipping', ...passed, parked: 0, skipped: 1 },
      { name: 'Stopping', state: 'stopped', ...held },
      { name: 'Waiting', state: 'running', ...held },
    ]);
    expect(list.map(({ failure }) => failure?.failedAt)).toEqual([
      undefined,
      undefined,
      clock.now(),
      clock.now(),
    ]);
    expect(list.map(({ failure }) => failure?.retryAt)).toEqual([
      undefined,
      undefined,
      undefined,
      new Date(clock.now().getTime() + 60_000),
    ]);
    expect(await one.followers.list()).toMatchObject([
      { name: 'Parking', parked: 1 },
      { name: 'Skipping', skipped: 1 },
      { name: 'Stopping', state: 'stopped' },
      { name: 'Waiting', state: 'running' },
    ]);
  });

  it('is heeded where another process skips, resumes and waits', async () => {
    const one = await start([Stopping]);
    const other = await start([]);
    const results = await one.log.append(counted(1, 2, 3));
    await one.followers.sync();
    const late = other.followers.waitFor('Stopping', results[2]!.event!, { timeout: 1 });
    await expect(late).rejects.toThrow(FollowerTimeoutError);
    await expect(late).rejects.toMatchObject({
      code: 'FOLLOWER_TIMEOUT',
      follower: 'Stopping',
      position: 3,
      reached: 1,
      timeout: 1,
      message: expect.stringMatching(/within 1 ms: it is stopped, .*2 is refused at 1\..*\{ timeout \}/),
    });
    // What its method was called for before is rolled back or committed.
    const { seen } = one.app.get(Stopping);
    seen.length = 0;
    await other.followers.skip('Stopping', 2);
    await drain(one.app);
    await other.followers.waitFor('Stopping', results[2]!.event!);
    expect(seen).toEqual([[3, false]]);
    expect(await other.followers.status('Stopping')).toMatchObject({ lag: 0, skipped: 1 });
  });

  it('is a position that is moved back, with what is replayed, and forth, over what is left out', async () => {
    const one = await start([Stopping]);
    const other = await start([]);
    const stopping = one.app.get(Stopping);
    stopping.isFailing = false;
    const { seen } = stopping;
    await one.log.append(counted(1, 2, 3));
    await drain(one.app);
    await other.followers.moveTo('Stopping', 1);
    expect(await one.followers.status('Stopping')).toMatchObject({ position: 1, lag: 2 });
    await one.log.append(counted(4, 5));
    await drain(one.app);
    expect(seen.splice(0)).toEqual([
      [1, false],
      [2, false],
      [3, false],
      [2, true],
      [3, true],
      [4, false],
      [5, false],
    ]);
    await one.log.append(counted(6, 7));
    await other.followers.moveTo('Stopping', 6);
    await drain(one.app);
    expect(seen.splice(0)).toEqual([[7, false]]);
    await other.followers.moveTo('Stopping', 0);
    await drain(one.app);
    expect(seen.map(([n]) => n)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    await expect(other.followers.moveTo('Stopping', 8)).rejects.toMatchObject({ code: 'FOLLOWER_POSITION' });
    await expect(other.followers.moveTo('Stopping', -1)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });
});
