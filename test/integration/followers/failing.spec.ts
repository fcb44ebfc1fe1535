import { Injectable } from '@nestjs/common';
import {
  event,
  Follower,
  type FollowerContext,
  type FollowerOptions,
  Followers,
  NonRetriableError,
  On,
  OnReset,
  type RecordedEvent,
  UnknownFollowerError,
} from 'nestjs-once';
import { drain, DrainFailedError, FixedClock } from 'nestjs-once/testing';
import { Column, type DataSourceOptions, Entity, PrimaryColumn } from 'typeorm';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';

@Entity()
class Line {
  @PrimaryColumn({ length: 50 })
  id: string;

  @Column()
  position: number;
}

interface Order {
  n: number;
}

/** A follower that writes a row for each event, and fails at those that it is told of. */
function ledger(options: FollowerOptions = {}) {
  @Injectable()
  @Follower('Ledger', { retry: { maxRetries: 1, interval: 1000, jitter: 0 }, ...options })
  class Ledger {
    failing = new Set<number>();
    readonly attempts: string[] = [];
    readonly replayed: number[] = [];

    @On('Ordered')
    async ordered({ data: { n } }: RecordedEvent<Order>, context: FollowerContext): Promise<void> {
      this.attempts.push(`${n}.${context.attempt}`);
      if (context.replaying) this.replayed.push(n);
      await context.manager.insert(Line, { id: String(n), position: context.position });
      context.collect({ group: 'Booked', data: { n } });
      if (this.failing.has(n)) throw new Error(`order ${n} is refused`);
    }

    @OnReset()
    async reset({ manager }: FollowerContext): Promise<void> {
      await manager.createQueryBuilder().delete().from(Line).execute();
    }
  }
  return Ledger;
}

describeEachDatabase('an event that fails in a follower', (db) => {
  let database: DataSourceOptions;
  let application: TestApplication | undefined;
  const clock = new FixedClock(new Date());

  beforeEach(async () => {
    database = await db.options();
  });

  afterEach(() => application?.close());

  async function start(options: FollowerOptions = {}) {
    const Ledger = ledger(options);
    application = await startApplication({
      database,
      entities: [Line],
      providers: [Ledger],
      options: { clock },
    });
    const { app, log, dataSource } = application;
    const order = (n: number, orderKey?: string) => event('Ordered', n, { n }, orderKey ? { orderKey } : {});
    const lines = async () =>
      (await dataSource.getRepository(Line).find()).map(({ id }) => Number(id)).sort((a, b) => a - b);
    const booked = async () => {
      const found: number[] = [];
      for await (const { data } of log.read<Order>({ groups: ['Booked'] })) found.push(data.n);
      return found;
    };
    return { app, log, order, lines, booked, ledger: app.get(Ledger), followers: app.get(Followers) };
  }

  it('splits its batch, is tried again, and stops the follower when its retries run out', async () => {
    const { app, log, order, lines, booked, ledger, followers } = await start();
    ledger.failing.add(3);
    await log.append([1, 2, 3, 4].map((n) => order(n)));
    await drain(app);
    expect([await lines(), await booked()]).toEqual([
      [1, 2],
      [1, 2],
    ]);
    expect(await followers.status('Ledger')).toMatchObject({ state: 'running', failure: { attempts: 1 } });
    await expect(drain(app, { retries: true })).rejects.toThrow(DrainFailedError);
    const stopped = await followers.status('Ledger');
    expect(stopped).toMatchObject({ state: 'stopped', failure: { attempts: 2 } });
    expect(stopped.failure!.error).toMatch(/order 3 is refused/);
    expect(ledger.attempts.filter((one) => one.startsWith('3.'))).toEqual(['3.1', '3.2']);
    ledger.failing.clear();
    await followers.resume('Ledger');
    await drain(app);
    expect([await lines(), await booked()]).toEqual([
      [1, 2, 3, 4],
      [1, 2, 3, 4],
    ]);
    expect(await followers.status('Ledger')).not.toHaveProperty('failure');
  });

  it('is left out by hand, also before the follower comes to it', async () => {
    const { app, log, order, lines, ledger, followers } = await start({ retry: { maxRetries: 0 } });
    ledger.failing.add(2);
    const results = await log.append([1, 2, 3].map((n) => order(n)));
    const [, second, third] = results.map(({ event }) => event!.position);
    await expect(drain(app)).rejects.toThrow(DrainFailedError);
    await followers.skip('Ledger', second!);
    await followers.skip('Ledger', third!);
    await log.append([order(4)]);
    await drain(app);
    expect(await lines()).toEqual([1, 4]);
    expect(await followers.status('Ledger')).toMatchObject({ state: 'running', skipped: 2 });
    await expect(followers.skip('Ledger', 1)).rejects.toMatchObject({ code: 'FOLLOWER_POSITION' });
  });

  it('is skipped with a record where the follower says so, at once where trying again cannot help', async () => {
    const { app, log, order, lines, ledger, followers } = await start({ onError: 'skip' });
    const failing = ledger.failing;
    ledger.failing = { has: (n: number) => n === 2 && fail() } as unknown as Set<number>;
    const fail = (): never => {
      throw new NonRetriableError('never');
    };
    await log.append([1, 2, 3].map((n) => order(n)));
    await drain(app);
    expect(await lines()).toEqual([1, 3]);
    expect(await followers.status('Ledger')).toMatchObject({ state: 'running', skipped: 1, lag: 0 });
    expect(failing.size).toBe(0);
  });

  it('is parked with the later events of its stream, which are retried in order while others go on', async () => {
    const { app, log, order, lines, ledger, followers } = await start({
      onError: 'park',
      retry: { maxRetries: 0 },
    });
    ledger.failing.add(1);
    await log.append([order(1, 'a'), order(2, 'b'), order(3, 'a'), order(4)]);
    await drain(app);
    expect(await lines()).toEqual([2, 4]);
    expect(await followers.status('Ledger')).toMatchObject({ parked: 2, state: 'running' });
    ledger.failing.clear();
    ledger.attempts.length = 0;
    await drain(app, { retries: true });
    expect(await lines()).toEqual([1, 2, 3, 4]);
    expect(ledger.attempts).toEqual(['1.2', '3.1']);
    expect(await followers.status('Ledger')).toMatchObject({ parked: 0 });
  });

  it('keeps nothing from a sync of the others, which tells of it', async () => {
    const { app, log, order, lines, ledger, followers } = await start({ retry: { maxRetries: 3 } });
    ledger.failing.add(2);
    await log.append([1, 2].map((n) => order(n)));
    expect(await followers.sync({ dryRun: true })).toMatchObject([
      { name: 'Ledger', error: { message: 'order 2 is refused' } },
    ]);
    expect(await lines()).toEqual([]);
    expect(await followers.sync()).toMatchObject([{ name: 'Ledger', events: 0, error: expect.any(Error) }]);
    expect(await lines()).toEqual([1]);
    ledger.failing.clear();
    const told: string[] = [];
    const [report] = await followers.sync({ onProgress: ({ type }) => told.push(type) });
    expect([report, told, await lines()]).toEqual([
      { name: 'Ledger', events: 1 },
      ['started', 'event', 'ended'],
      [1, 2],
    ]);
    const unknown = followers.sync({ names: ['X'] });
    await expect(unknown).rejects.toThrow('Unknown followers selected: X. The known followers are: Ledger.');
    await expect(unknown).rejects.toThrow(UnknownFollowerError);
    void app;
  });

  it('or one that does not is replayed after a reset, and what was collected is not recorded twice', async () => {
    const { app, log, order, lines, booked, ledger, followers } = await start();
    await log.append([1, 2].map((n) => order(n)));
    await drain(app);
    expect(await followers.reset('Ledger', { dryRun: true })).toMatchObject({ name: 'Ledger', events: 2 });
    expect(await lines()).toEqual([1, 2]);
    await followers.reset('Ledger');
    expect([await lines(), (await followers.status('Ledger')).position]).toEqual([[], 0]);
    await log.append([order(3)]);
    await drain(app);
    expect([await lines(), await booked(), ledger.replayed]).toEqual([
      [1, 2, 3],
      [1, 2, 3],
      [1, 2],
    ]);
    await expect(followers.reset('Ledger', { upstream: 'x' })).rejects.toMatchObject({
      code: 'UNKNOWN_UPSTREAM',
    });
    await expect(followers.reset('Ledger', { upstream: '' })).rejects.toMatchObject({
      code: 'FOLLOWER_NOT_RESETTABLE',
    });
  });

  it('waits while the follower is paused, and a position is set', async () => {
    const { app, log, order, lines, followers } = await start();
    await followers.pause('Ledger');
    const results = await log.append([1, 2, 3].map((n) => order(n)));
    await drain(app);
    expect(await lines()).toEqual([]);
    expect(await followers.status('Ledger')).toMatchObject({ state: 'paused', position: 0 });
    const waiting = followers.waitFor('Ledger', results[2]!.event!, { timeout: 1 });
    await expect(waiting).rejects.toMatchObject({ code: 'FOLLOWER_TIMEOUT', follower: 'Ledger' });
    await followers.moveTo('Ledger', results[1]!.event!.position);
    await followers.resume('Ledger');
    await drain(app);
    expect(await lines()).toEqual([3]);
    await expect(followers.moveTo('Ledger', 1_000_000)).rejects.toMatchObject({ code: 'FOLLOWER_POSITION' });
    await expect(followers.pause('Lodger')).rejects.toThrow('The known followers are: Ledger.');
  });
});
