import {
  EventSearch,
  EventSourcingModule,
  EventTables,
  getAggregatesToken,
  InvalidOptionError,
  LogStatus,
  Retention,
  UnknownOptionError,
} from 'nestjs-once';
import { drain, FixedClock } from 'nestjs-once/testing';
import type { DataSourceOptions } from 'typeorm';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { Dog } from '../../support/dog.js';
import { scriptedHandler } from '../../support/scripted-handler.js';

describeEachDatabase('what people work with who run it', (db) => {
  const applications: TestApplication[] = [];
  const start = async (options = {}, database?: DataSourceOptions) => {
    const application = await startApplication({
      database: database ?? (await db.options()),
      synchronize: !database,
      imports: [EventSourcingModule.forFeature({ aggregates: [Dog] })],
      providers: [
        scriptedHandler(
          'Orders',
          ({ key }) => {
            if (key === 'order_2') throw new Error('no');
          },
          { pattern: 'order' },
        ),
      ],
      options: { retry: { maxRetries: 0 }, ...options },
    });
    applications.push(application);
    return application;
  };

  afterEach(async () => {
    for (const each of applications.splice(0)) await each.close();
  });

  it('EventSearch finds by key, beginning of a key, group, tags, time and position, in both directions', async () => {
    const clock = new FixedClock('2026-01-01T00:00:00Z');
    const { app, log, dataSource } = await start({ clock });
    const search = app.get(EventSearch);
    for (const [group, id, tags] of [
      ['order', 1, ['user:1']],
      ['order', 2, ['user:1', 'vip']],
      ['bill.sent', 1, ['user:2']],
      ['bill.paid', 1, ['user:2', 'vip']],
    ] as const) {
      await log.append({ group, key: `${group}_${id}`, tags, data: { id } });
      clock.advance('1h');
    }
    const keys = async (...given: Parameters<EventSearch['find']>) => {
      const found: string[] = [];
      for await (const { key } of search.find(...given)) found.push(key);
      return found;
    };
    const [o1, o2, sent, paid] = ['order_1', 'order_2', 'bill.sent_1', 'bill.paid_1'];
    expect(await keys()).toEqual([o1, o2, sent, paid]);
    expect(await keys({}, { newestFirst: true, limit: 2 })).toEqual([paid, sent]);
    expect(await keys({ key: [o2, paid, 'none'] })).toEqual([o2, paid]);
    expect(await keys({ key: [o2, paid], tags: ['vip'], group: 'bill.*' }, { newestFirst: true })).toEqual([
      paid,
    ]);
    expect(await keys({ keyPrefix: 'order_' })).toEqual([o1, o2]);
    expect(await keys({ group: ['bill.*', /^order$/] }, { limit: 3 })).toEqual([o1, o2, sent]);
    expect(await keys({ tags: ['user:1'] }, { newestFirst: true })).toEqual([o2, o1]);
    expect(await keys({ tags: ['vip', 'user:2'] })).toEqual([paid]);
    const from = new Date('2026-01-01T01:00:00Z');
    expect(await keys({ from, until: new Date('2026-01-01T03:00:00Z') })).toEqual([o2, sent]);
    const first = (await search.get(o1))!;
    expect(first).toMatchObject({ key: o1, data: { id: 1 }, tags: ['user:1'] });
    expect(await search.get(first.position)).toEqual(first);
    expect(await search.get('none')).toBeUndefined();
    expect(await keys({ after: first.position, before: (await search.get(paid))!.position })).toEqual([
      o2,
      sent,
    ]);
    await dataSource.query(`UPDATE once_event SET payload = '{' WHERE event_key = 'order_1'`);
    expect(await search.get(o1)).toMatchObject({ dataError: expect.stringMatching(/./) });
    expect(() => search.find({ group: '' })).toThrow(InvalidOptionError);
    expect(() => search.find({ from: 'now' as never })).toThrow(InvalidOptionError);
    expect(() => search.find({ tag: 'x' } as never)).toThrow(UnknownOptionError);
    expect(() => search.find({}, { limit: -1 })).toThrow(InvalidOptionError);
  });

  it('EventSearch goes through a log of several windows in both directions', async () => {
    const { app, log } = await start();
    for (let page = 0; page < 6; page++)
      await log.append(
        Array.from({ length: 1000 }, (_, n) => ({ group: n === 0 ? 'rare' : 'g', key: `g_${page}_${n}` })),
      );
    const found: string[] = [];
    for await (const { key } of app.get(EventSearch).find({ group: 'rare' })) found.push(key);
    const back: string[] = [];
    for await (const { key } of app.get(EventSearch).find({ group: 'rare' }, { newestFirst: true }))
      back.push(key);
    expect(found).toEqual([0, 1, 2, 3, 4, 5].map((page) => `g_${page}_0`));
    expect(back).toEqual(found.toReversed());
  });

  it('LogStatus tells of backlog, dead letters, workers and tables', async () => {
    const { app, log, deliveries } = await start();
    const status = app.get(LogStatus);
    expect(await status.read()).toMatchObject({ position: 0, deliveries: { dead: 0 }, workers: [] });
    await log.append(['order_1', 'order_2'].map((key) => ({ group: 'order', key })));
    const waiting = await status.read();
    expect(waiting.handlers).toMatchObject([{ name: expect.stringMatching(/Orders/), due: 2, dead: 0 }]);
    expect(waiting.decided).toBe(waiting.position);
    await expect(drain(app)).rejects.toThrow();
    await deliveries.pause(waiting.handlers[0]!.name);
    const after = await status.read();
    expect(after.deliveries).toMatchObject({ succeeded: 1, dead: 1, pending: 0 });
    expect(after.handlers).toMatchObject([{ due: 0, dead: 1, pausedAt: expect.any(Date) }]);
    expect(after.tables).toBeGreaterThanOrEqual(5);
    expect(Math.abs(after.at.getTime() - Date.now())).toBeLessThan(60_000);
  });

  it('LogStatus tells of each release that runs, and of how many processes each has', async () => {
    const database = await db.options();
    const keys = ['order_1', 'order_3', 'order_4'];
    const processes: TestApplication[] = [];
    for (const [index, release] of ['v1', 'v2', 'v2'].entries()) {
      const process = await start({ release }, database);
      processes.push(process);
      await process.log.append({ group: 'order', key: keys[index]! });
      await drain(process.app);
    }
    const [first, second] = processes;
    const status = second!.app.get(LogStatus);
    const shown = await status.read();
    expect(shown.versions).toEqual([
      { release: 'v1', library: '0.1.0', tables: shown.tables, processes: 1 },
      { release: 'v2', library: '0.1.0', tables: shown.tables, processes: 2 },
    ]);
    expect(shown.workers).toMatchObject([{ release: 'v1' }, { release: 'v2' }, { release: 'v2' }]);
    expect(shown.workers[0]!.host).not.toContain('#');
    await first!.close();
    expect(await status.read()).toMatchObject({ versions: [{ release: 'v2', processes: 2 }] });
    expect(await rowsOf(second!)).toHaveLength(2);
  });

  it('what a process told of itself goes with its worker, also where an earlier release has removed that', async () => {
    const one = await start({ release: 'v1' });
    await one.log.append({ group: 'order', key: 'order_1' });
    await drain(one.app);
    await one.dataSource.query('DELETE FROM once_worker');
    await one.dataSource.query(
      `INSERT INTO once_worker (host, pid, started_at, lease_until) VALUES ('gone', 1, 1, 1)`,
    );
    expect(await rowsOf(one)).toHaveLength(1);
    const other = await start({ release: 'v2' }, one.dataSource.options);
    await other.log.append({ group: 'order', key: 'order_3' });
    await drain(other.app);
    expect(await rowsOf(other)).toMatchObject([{ application_release: 'v2' }]);
  });

  const rowsOf = ({ dataSource }: TestApplication) =>
    dataSource.query<Record<string, unknown>[]>('SELECT * FROM once_worker_release ORDER BY worker_id');

  it('refuses a release that is no short text', async () => {
    for (const release of ['', 'ä', 'x'.repeat(101), 7 as never])
      await expect(start({ release })).rejects.toThrow(InvalidOptionError);
  });

  it('EventTables tells what is missing, with its SQL, and applies it', async () => {
    const { app, dataSource } = await start();
    const tables = app.get(EventTables);
    expect(await tables.missing()).toEqual([]);
    await dataSource.query('DELETE FROM once_migration WHERE version = 5');
    await dataSource.query('DROP TABLE once_subject_key');
    await dataSource.query('DROP TABLE once_forgetting');
    expect(await tables.missing()).toMatchObject([{ version: 5, name: 'subject-keys' }]);
    expect((await tables.missing())[0]!.statements.join()).toContain('once_subject_key');
    expect(await tables.migrate()).toHaveLength(1);
    expect(await tables.missing()).toEqual([]);
    expect(await tables.migrate()).toEqual([]);
  });

  it('AggregateRepository.ids names each of its type, in the order of the bytes', async () => {
    const { app, log } = await start();
    const dogs = app.get(getAggregatesToken(Dog));
    for (const id of ['rex', 'fido', 'ärger', 'a:b']) {
      const dog = Dog.register(id);
      dog.addTrick({ trick: 'sit' });
      await dogs.save(dog);
    }
    await log.append({ group: 'Dog.Registered', key: 'no dog' });
    const ids: string[] = [];
    for await (const id of dogs.ids()) ids.push(id);
    expect(ids).toEqual(['a:b', 'fido', 'rex', 'ärger']);
  });

  it('Retention removes what the options say, and says when they keep everything', async () => {
    const { app, log } = await start({ retention: { succeeded: 0 } });
    await log.append({ group: 'order', key: 'order_1' });
    await drain(app);
    const retention = app.get(Retention);
    expect(retention.keepsAll).toBe(false);
    expect(await retention.run()).toMatchObject({ succeeded: 1 });
    expect((await start({ retention: false })).app.get(Retention).keepsAll).toBe(true);
  });
});
