import type { RecordedEvent } from 'nestjs-once';
import { drain, whenCaughtUp } from 'nestjs-once/testing';
import type { Engine } from '../../../lib/module/engine.js';
import { engineToken } from '../../../lib/module/tokens.js';
import { type DatabaseAddress, dataSourceOptionsFrom } from '../../support/data-source-options.js';
import { describeEachDatabase, type ExtraOptions } from '../../support/databases.js';
import { deferred } from '../../support/deferred.js';
import {
  happened,
  holdAt,
  type LanedStart,
  lanedFollower,
  startLaned,
  untilCommitted,
  upTo,
  whole,
} from './lanes-bench.js';

describeEachDatabase('a follower of several streams at a time', (db) => {
  let address: DatabaseAddress;
  const open: { close(): Promise<void> }[] = [];

  beforeEach(async () => {
    address = await db.create();
  });

  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });

  async function start(options: Partial<LanedStart> = {}, extra: ExtraOptions = {}) {
    const database = dataSourceOptionsFrom(address, extra);
    const application = await startLaned({ database, synchronize: open.length === 0, ...options });
    open.push(application);
    return application;
  }

  const isAtOnce = db.dialect !== 'sqlite';

  it('works on them side by side, keeps the order within each, and records what it collects once', async () => {
    const { app, log, laned, outcome, dataSource } = await start({ dispatch: 'background' });
    const began = new Map([1, 2, 3].map((n) => [n, deferred()]));
    laned.meddle = async (n) => {
      began.get(n)?.resolve();
      // The first event of each stream waits until those of the others have begun, too: SQLite has one writer.
      if (isAtOnce && n <= 3) await Promise.all([...began.values()].map(({ promise }) => promise));
    };
    await log.append(happened(upTo(12)));
    await whenCaughtUp(app, { timeout: '60s' });
    expect(await outcome()).toEqual(whole(12));
    expect(laned.calls).toHaveLength(12);
    for (const stream of 'abd') {
      const own = laned.calls.filter((call) => call.startsWith(stream)).map((call) => Number(call.slice(1)));
      expect(own).toEqual(own.toSorted((a, b) => a - b));
    }
    if (isAtOnce) expect(laned.calls.slice(0, 3).sort()).toEqual(['a1', 'b2', 'd3']);
    expect(await dataSource.query('SELECT * FROM once_follower_lane')).toEqual([]);
  });

  it.each<[string, Partial<LanedStart>]>([
    ['in several transactions for each', { follower: lanedFollower({ batchSize: 2 }) }],
    ['with inline dispatch', { dispatch: 'inline' }],
    ['more streams than connections', { follower: lanedFollower({ streams: 64 }) }],
  ])('handles each event once, %s', async (_title, options) => {
    const { app, log, laned, outcome } = await start(options);
    await log.append(happened(upTo(20), 'abdefghij'));
    await drain(app);
    expect(await outcome()).toEqual(whole(20, 'abdefghij'));
    expect(laned.calls).toHaveLength(20);
  });

  it('is waited for by its position, which moves when all lanes have come to the end of a round', async () => {
    const worker = await start({ dispatch: 'background' });
    const observer = await start();
    const { held, end } = holdAt(worker.laned, 6);
    const results = await observer.log.append(happened(upTo(9)));
    const first = results[0]!.event!;
    await held;
    await untilCommitted(observer, [1, 2, 4, 5, 7, 8]);
    const waiting = observer.followers.waitFor('Laned', first, { timeout: 1 });
    await expect(waiting).rejects.toMatchObject({ code: 'FOLLOWER_TIMEOUT', reached: 0 });
    end();
    await observer.followers.waitFor('Laned', results[8]!.event!, { timeout: '60s' });
    expect(await observer.outcome()).toEqual(whole(9));
    expect(worker.laned.calls).toHaveLength(9);
  });

  it('is paused when the lanes that are under way have ended; none goes on afterwards', async () => {
    const worker = await start({ dispatch: 'background', follower: lanedFollower({ batchSize: 1 }) });
    const observer = await start();
    // Where there is one connection for all, the pause that waits has it.
    const onlooker = await start();
    const { held, end } = holdAt(worker.laned, 3);
    await observer.log.append(happened(upTo(9)));
    await held;
    let isPaused = false;
    const pausing = observer.followers.pause('Laned').then(() => (isPaused = true));
    // As long as it takes a pause that waits for nothing, and longer.
    for (let looks = 0; looks < 20; looks++) await onlooker.followers.status('Laned');
    expect(isPaused).toBe(false);
    end();
    await pausing;
    const before = await observer.outcome();
    expect(before.streams.d).toContain(3);
    expect(await worker.followers.sync()).toMatchObject([
      { events: 0, error: { message: expect.stringMatching(/is paused/) } },
    ]);
    expect(await observer.outcome()).toEqual(before);
    await observer.followers.resume('Laned');
    await whenCaughtUp(worker.app, { timeout: '60s' });
    expect(await observer.outcome()).toEqual(whole(9));
    expect(worker.laned.calls).toEqual([...new Set(worker.laned.calls)]);
  });

  it('leaves to one of two processes what both find at once', async () => {
    const both = [await start(), await start({ follower: lanedFollower({ streams: 3, batchSize: 2 }) })];
    await both[0]!.log.append(happened(upTo(9)));
    const parts = both.map(({ app }) => app.get<Engine>(engineToken()).parts);
    const horizon = await parts[0]!.horizon.advance();
    const [row] = await parts[0]!.followerTable.look();
    const next = await Promise.all(parts.map(({ following }) => following.run('Laned').next(row!, horizon)));
    expect(next.map(({ kind }) => kind).sort()).toEqual(['lost', 'passed']);
    for (const { app } of both) await drain(app);
    expect(await both[0]!.outcome()).toEqual(whole(9));
    expect(both.flatMap(({ laned }) => laned.calls)).toHaveLength(9);
  });

  // SQLite has one writer: nobody can be in the middle of anything.
  if (isAtOnce)
    it('is waited for by a process that believes to be its owner, too', async () => {
      const worker = await start({ dispatch: 'background' });
      const other = await start();
      const { held, end } = holdAt(worker.laned, 6);
      await worker.log.append(happened(upTo(9)));
      await held;
      await untilCommitted(other, [1, 2, 4, 5, 7, 8]);
      const syncing = other.followers.sync();
      for (let looks = 0; looks < 60; looks++) await other.followers.status('Laned');
      end();
      expect(await syncing).toEqual([{ name: 'Laned', events: 0 }]);
      await whenCaughtUp(worker.app, { timeout: '60s' });
      expect(await other.outcome()).toEqual(whole(9));
      expect([...worker.laned.calls, ...other.laned.calls]).toHaveLength(9);
    });

  it.each([
    ['one connection', 1, 1],
    ['six, of which two stay free', 6, 2],
    ['twelve', 12, 4],
  ])('takes its share of a pool of %s', async (_title, poolSize, most) => {
    const { app, log, laned, outcome } = await start({ dispatch: 'background' }, { poolSize });
    const now = { running: 0, most: 0 };
    laned.meddle = async (_, { manager }) => {
      now.most = Math.max(now.most, ++now.running);
      await manager.query('SELECT 1');
      now.running--;
    };
    await log.append(happened(upTo(60), 'abdefghij'));
    await whenCaughtUp(app, { timeout: '60s' });
    expect(await outcome()).toEqual(whole(60, 'abdefghij'));
    expect(now.most).toBeLessThanOrEqual(isAtOnce ? most : 1);
    expect(now.most).toBeGreaterThanOrEqual(1);
  });

  it('does for one stream what it does without the option', async () => {
    const { app, log, laned, dataSource } = await start();
    const rows: unknown[] = [];
    laned.meddle = async (_, { manager }) =>
      void rows.push(...(await manager.query<RecordedEvent[]>('SELECT * FROM once_follower_lane')));
    await log.append(happened(upTo(3), 'a'));
    await drain(app);
    expect(laned.calls).toEqual(['a1', 'a2', 'a3']);
    expect(rows).toEqual([]);
    expect(await dataSource.query('SELECT * FROM once_follower_lane')).toEqual([]);
  });
});
