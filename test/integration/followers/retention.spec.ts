import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { event, Follower, Followers, On, type RecordedEvent } from 'nestjs-once';
import { drain, FixedClock } from 'nestjs-once/testing';
import type { DataSourceOptions } from 'typeorm';
import { enginesOf } from '../../../lib/module/lifecycle.js';
import { Retention } from '../../../lib/store/upkeep/retention.js';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';

const DAY = 86_400_000;

@Injectable()
@Follower('Slow', { onError: 'park', retry: { maxRetries: 0 } })
class Slow {
  failing = new Set<number>();
  readonly seen: number[] = [];

  @On('Happened')
  happened({ data: { n } }: RecordedEvent<{ n: number }>): void {
    if (this.failing.has(n)) throw new Error('refused');
    this.seen.push(n);
  }
}

@Injectable()
@Follower('Slow', { version: 2 })
class NewSlow {
  @On('Happened')
  happened(): void {}
}

@Injectable()
@Follower('Quick')
class Quick {
  @On('Happened')
  happened(): void {}
}

describeEachDatabase('retention, where there are followers', (db) => {
  let database: DataSourceOptions;
  let application: TestApplication;
  const clock = new FixedClock(new Date());

  beforeEach(async () => {
    database = await db.options();
    application = await startApplication({ database, providers: [Slow, Quick], options: { clock } });
  });

  afterEach(() => application.close());

  const followers = () => application.app.get(Followers);
  const engine = () => enginesOf(application.app.get(DiscoveryService, { strict: false }))[0]!;

  /** The last event is spared by retention in any case. */
  async function record(): Promise<void> {
    await application.log.append([1, 2, 3, 4].map((n) => event('Happened', n, { n })));
    await application.log.append([event('Last', 1, {})]);
    await drain(application.app);
    clock.advance('2d');
  }

  /** Removes the data, and the events, of what is older than a day. */
  async function prune(): Promise<{ payloads: number; events: number }> {
    const { large, registry } = engine().parts;
    const report = async (ages: object) =>
      (await new Retention(large, registry, { batchSize: 2, ...ages }).run())!;
    const { payloads } = await report({ payload: DAY });
    const { events } = await report({ events: DAY });
    return { payloads, events };
  }

  it('keeps what a follower has not passed, and removes it afterwards', async () => {
    await followers().pause('Slow');
    await record();
    expect(await followers().status('Quick')).toMatchObject({ lag: 0 });
    expect(await prune()).toEqual({ payloads: 0, events: 0 });
    await followers().resume('Slow');
    await drain(application.app);
    expect(application.app.get(Slow).seen).toEqual([1, 2, 3, 4]);
    expect(await prune()).toEqual({ payloads: 5, events: 4 });
  });

  it('keeps what one has parked, until that is handled', async () => {
    const { failing, seen } = application.app.get(Slow);
    failing.add(3);
    await record();
    expect(await prune()).toEqual({ payloads: 2, events: 2 });
    failing.clear();
    await drain(application.app, { retries: true });
    expect(seen.slice(-2)).toEqual([4, 3]);
    expect(await prune()).toEqual({ payloads: 3, events: 2 });
  });

  it('keeps what one is to replay', async () => {
    await record();
    await followers().moveTo('Slow', 2);
    expect(await prune()).toEqual({ payloads: 2, events: 2 });
    await drain(application.app);
    expect(application.app.get(Slow).seen).toEqual([1, 2, 3, 4, 3, 4]);
  });

  it('waits no longer than a week for one that no process has any more', async () => {
    await followers().pause('Slow');
    await record();
    const { large } = engine().parts;
    const age = (by: number) =>
      large.run((sql) =>
        sql.change(`UPDATE ${large.tables.follower} SET seen_at = seen_at - ? WHERE name = ?`, [by, 'Slow']),
      );
    await age(6 * DAY);
    expect(await prune()).toEqual({ payloads: 0, events: 0 });
    await age(2 * DAY);
    expect((await prune()).payloads).toBe(5);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['a week after the last process that had it', () => ageOfFirst(2 * DAY)],
    ['it is forgotten', () => followers().forgetVersion('Slow', 1)],
  ])('waits for a version that was left until %s', async (_until, leave) => {
    const before = application;
    await before.log.append([1, 2].map((n) => event('Happened', n, { n })));
    await drain(before.app);
    application = await startApplication({
      database,
      providers: [NewSlow, Quick],
      options: { clock },
      synchronize: false,
    });
    expect(await followers().rebuild('Slow')).toMatchObject({ version: 2, activeVersion: 2 });
    await before.close();
    await application.log.append([3, 4].map((n) => event('Happened', n, { n })));
    await application.log.append([event('Last', 1, {})]);
    await drain(application.app);
    clock.advance('2d');
    // Where the first version has come: an earlier release that is deployed again goes on there.
    expect(await prune()).toEqual({ payloads: 2, events: 2 });
    await ageOfFirst(6 * DAY);
    expect(await prune()).toEqual({ payloads: 0, events: 0 });
    await leave();
    expect(await prune()).toEqual({ payloads: 3, events: 2 });
  });

  const ageOfFirst = (by: number) => {
    const { large } = engine().parts;
    return large.run((sql) =>
      sql.change(
        `UPDATE ${large.tables.follower} SET seen_at = seen_at - ? WHERE name = 'Slow' AND version = 1`,
        [by],
      ),
    );
  };
});
