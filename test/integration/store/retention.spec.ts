import { FixedClock } from '../../../lib/testing/fixed-clock.js';
import { Lease } from '../../../lib/store/db/lease.js';
import {
  Retention,
  type RetentionPolicy,
  type RetentionReport,
} from '../../../lib/store/upkeep/retention.js';
import { type DatabaseAddress, describeEachDatabase } from '../../support/databases.js';
import { deferred } from '../../support/deferred.js';
import { handler, LogProcess } from './log-process.js';

const DAY = 86_400_000;
const NOTHING: RetentionReport = { succeeded: 0, cancelled: 0, dead: {}, payloads: 0, events: 0 };

describeEachDatabase('retention', (db) => {
  let clock: FixedClock;
  let address: DatabaseAddress;
  let process: LogProcess;
  let other: LogProcess;

  beforeEach(async () => {
    clock = new FixedClock('2031-01-01');
    address = await db.create();
    process = await LogProcess.start(address, { clock });
    other = await LogProcess.start(address, { clock });
  });

  afterEach(() => Promise.all([process.stop(), other.stop()]));

  const retention = (policy: Partial<RetentionPolicy>, of = process) =>
    new Retention(of.database, of.registry, { batchSize: 1000, ...policy });
  const prune = async (policy: Partial<RetentionPolicy>) => (await retention(policy).run())!;
  const register = async (...names: string[]) => {
    await process.registry.register(names.map((name) => handler(name, '*')));
    await other.registry.refresh();
  };
  /** Events with data; their positions by key. */
  const write = async (...keys: string[]) => {
    const events = keys.map((key) => ({ group: 'app.A', key, data: { of: key }, metadata: { by: 'me' } }));
    return (await process.log.append(events)).map(({ event }) => event!.position);
  };
  const claim = async (name: string, take = 1000) => {
    const workerId = await process.leases.register();
    const { id } = process.registry.byName(name)!;
    const { claimed } = await process.queue.claim({
      workerId,
      quotas: [{ handlerId: id, take }],
      suspects: false,
    });
    return { workerId, claimed };
  };
  const succeed = async (name: string, take?: number) => {
    const { workerId, claimed } = await claim(name, take);
    await process.queue.complete(workerId, claimed);
  };
  const die = async (name: string, take?: number) => {
    const { workerId, claimed } = await claim(name, take);
    for (const delivery of claimed) await process.queue.fail(workerId, { ...delivery, error: 'broken' });
  };
  const statuses = async () => {
    const list = await process.queries.list({}, [0, 0], 1000);
    return list.map(({ view: { key, handler, status } }) => `${key} ${handler} ${status}`).sort();
  };
  const withData = async () => {
    const rows = await process.database.run((sql) =>
      sql.rows(
        `SELECT event_key FROM ${process.database.tables.event} WHERE payload IS NOT NULL OR payload_bytes IS NOT NULL ORDER BY position`,
      ),
    );
    return rows.map((row) => row.event_key as string);
  };
  const keys = async () => {
    const rows = await process.database.run((sql) =>
      sql.rows(`SELECT event_key FROM ${process.database.tables.event} ORDER BY position`),
    );
    return rows.map((row) => row.event_key as string);
  };
  const change = (statement: string, ...parameters: unknown[]) =>
    process.database.run((sql) => sql.change(statement, parameters));

  describe('of finished deliveries', () => {
    beforeEach(async () => {
      await register('Mails');
      await write('a', 'b', 'c', 'd');
      await succeed('Mails', 2);
      await process.cancel({ key: 'c' });
    });

    it('deletes each kind at its own age, and nothing that is open', async () => {
      clock.advance(2 * DAY);
      expect(await prune({ succeeded: 2 * DAY, cancelled: 3 * DAY })).toEqual(NOTHING);
      clock.advance(1);
      expect(await prune({ succeeded: 2 * DAY, cancelled: 3 * DAY })).toEqual({ ...NOTHING, succeeded: 2 });
      expect(await statuses()).toEqual(['c Mails cancelled', 'd Mails pending']);
      clock.advance(DAY);
      expect(await prune({ cancelled: 3 * DAY })).toEqual({ ...NOTHING, cancelled: 1 });
      expect(await statuses()).toEqual(['d Mails pending']);
      expect(await keys()).toEqual(['a', 'b', 'c', 'd']);
      expect(await withData()).toEqual(['a', 'b', 'c', 'd']);
    });

    it('goes by when they finished, not by when the event was recorded', async () => {
      clock.advance(5 * DAY);
      await succeed('Mails');
      clock.advance(DAY);
      expect(await prune({ succeeded: 2 * DAY })).toEqual({ ...NOTHING, succeeded: 2 });
      expect(await statuses()).toEqual(['c Mails cancelled', 'd Mails succeeded']);
    });

    it('keeps what it is not told to delete', async () => {
      clock.advance(1000 * DAY);
      expect(await prune({ cancelled: DAY })).toEqual({ ...NOTHING, cancelled: 1 });
      expect(await prune({})).toEqual(NOTHING);
      expect(await statuses()).toEqual(['a Mails succeeded', 'b Mails succeeded', 'd Mails pending']);
    });

    it('does not let them be created again', async () => {
      clock.advance(2 * DAY);
      await prune({ succeeded: DAY, cancelled: DAY });
      expect(await process.upkeep()).toBe(0);
      expect(await process.fanOut.backfill(process.registry.byName('Mails')!, 0)).toBe(0);
      expect(await statuses()).toEqual(['d Mails pending']);
    });

    it('passes over what somebody has locked', async () => {
      if (!process.database.dialect.can.pool) return;
      clock.advance(2 * DAY);
      const { tables } = process.database;
      const [first] = await process.queries.list({ key: 'a' }, [0, 0], 1);
      await other.database.transaction(async (sql) => {
        const where = `WHERE handler_id = ? AND position = ? FOR UPDATE`;
        await sql.rows(`SELECT position FROM ${tables.finished} ${where}`, [
          first!.handlerId,
          first!.view.position,
        ]);
        expect(await prune({ succeeded: DAY, batchSize: 1 })).toMatchObject({ succeeded: 0 });
        expect(await prune({ succeeded: DAY, batchSize: 3 })).toMatchObject({ succeeded: 1 });
      });
      expect(await prune({ succeeded: DAY })).toMatchObject({ succeeded: 1 });
    });
  });

  describe('of dead deliveries', () => {
    it('deletes them when asked, by their last failure, and says how many of which handler', async () => {
      await register('Mails', 'Stats');
      await write('a', 'b');
      await die('Mails');
      await die('Stats', 1);
      clock.advance(2 * DAY);
      await die('Stats');
      clock.advance(DAY / 2);
      expect(await prune({ succeeded: DAY, payload: DAY, events: DAY })).toEqual(NOTHING);
      expect(await prune({ dead: DAY })).toEqual({ ...NOTHING, dead: { Mails: 2, Stats: 1 } });
      expect(await statuses()).toEqual(['b Stats dead']);
    });

    it('deletes none that is tried again', async () => {
      await register('Mails');
      await write('retried', 'failed', 'running');
      await die('Mails', 1);
      const { workerId, claimed } = await claim('Mails', 1);
      await process.queue.fail(workerId, { ...claimed[0]!, error: 'broken', retryIn: 1000 });
      await claim('Mails', 1);
      await process.retry({ status: 'dead' });
      clock.advance(2 * DAY);
      expect(await prune({ dead: DAY })).toEqual(NOTHING);
      expect(await statuses()).toEqual([
        'failed Mails pending',
        'retried Mails pending',
        'running Mails running',
      ]);
    });

    it('deletes none that is retried in the middle of it, or has died again', async () => {
      await register('Mails', 'Stats');
      await write('a', 'b');
      await die('Mails');
      clock.advance(2 * DAY);
      await afterQuery(process, /state = 2 AND failed_at/, async () => {
        await other.retry({ key: 'a' });
        const again = `UPDATE ${other.database.tables.delivery} SET failed_at = ? WHERE state = 2`;
        await other.database.run((sql) => sql.change(again, [clock.now().getTime()]));
      });
      expect(await prune({ dead: DAY })).toEqual(NOTHING);
      expect(await statuses()).toEqual([
        'a Mails pending',
        'a Stats pending',
        'b Mails dead',
        'b Stats pending',
      ]);
    });
  });

  describe('of payloads', () => {
    it('removes the data of old events, and nothing else of them', async () => {
      await write('old');
      clock.advance(2 * DAY);
      await write('young');
      await process.upkeep();
      const before = await process.log.get('old');
      expect(await prune({ payload: 2 * DAY })).toEqual(NOTHING);
      expect(await prune({ payload: DAY })).toEqual({ ...NOTHING, payloads: 1 });
      const after = await process.log.get('old');
      expect(after).toEqual({ ...before, data: undefined, pruned: true });
      expect(after).toMatchObject({ key: 'old', group: 'app.A', metadata: { by: 'me' } });
      expect(Object.isFrozen(after)).toBe(true);
      const read = [];
      for await (const { key, data, pruned } of process.log.read()) read.push({ key, data, pruned });
      expect(read).toEqual([
        { key: 'old', data: undefined, pruned: true },
        { key: 'young', data: { of: 'young' }, pruned: undefined },
      ]);
      expect(await process.log.get('young')).not.toHaveProperty('pruned');
      expect(await process.log.append({ group: 'app.A', key: 'old' })).toMatchObject({ recorded: false });
    });

    it('removes bytes too, and calls no event pruned that had no data', async () => {
      await write('bytes', 'none');
      const { tables } = process.database;
      const bytes = `UPDATE ${tables.event} SET payload = NULL, payload_bytes = ?, encoding = 'json+gzip' WHERE event_key = 'bytes'`;
      await change(bytes, Buffer.from([1, 2, 3]));
      await change(`UPDATE ${tables.event} SET payload = NULL WHERE event_key = 'none'`);
      await process.upkeep();
      clock.advance(2 * DAY);
      expect(await prune({ payload: DAY })).toMatchObject({ payloads: 1 });
      expect(await process.log.get('bytes')).toMatchObject({ data: undefined, pruned: true });
      expect(await withData()).toEqual([]);
      expect(await process.log.get('none')).not.toHaveProperty('pruned');
    });

    it('keeps what an open or dead delivery needs, and looks again a day later', async () => {
      await register('Mails', 'Stats');
      await write('done', 'pending', 'running', 'dead', 'done too');
      await succeed('Stats');
      await succeed('Mails', 1);
      const { claimed, workerId } = await claim('Mails', 3);
      const [pending, running, dead] = claimed;
      await process.queue.release(workerId, [pending!]);
      await process.queue.fail(workerId, { ...dead!, error: 'broken' });
      await process.cancel({ key: 'done too', handler: 'Mails' });
      await process.upkeep();
      clock.advance(2 * DAY);
      expect(await prune({ payload: DAY })).toMatchObject({ payloads: 2 });
      expect(await withData()).toEqual(['pending', 'running', 'dead']);
      await process.queue.complete(workerId, [running!]);
      expect(await prune({ payload: DAY })).toEqual(NOTHING);
      clock.advance(DAY);
      expect(await prune({ payload: DAY })).toMatchObject({ payloads: 1 });
      expect(await withData()).toEqual(['pending', 'dead']);
      clock.advance(DAY);
      // The dead one is deleted first.
      expect(await prune({ payload: DAY, dead: DAY })).toMatchObject({ dead: { Mails: 1 }, payloads: 1 });
      expect(await withData()).toEqual(['pending']);
    });

    it('keeps what fan-out has not passed', async () => {
      await write('a', 'b');
      await process.upkeep();
      await process.registry.register([handler('Mails', '*')]);
      await other.log.append({ group: 'app.A', key: 'c', data: 1 });
      clock.advance(2 * DAY);
      expect(await prune({ payload: DAY })).toMatchObject({ payloads: 2 });
      expect(await withData()).toEqual(['c']);
      expect(await process.upkeep()).toBe(1);
      await succeed('Mails');
      expect(await prune({ payload: DAY })).toMatchObject({ payloads: 1 });
    });

    it('keeps what a backfill under way will pass', async () => {
      const [a] = await write('a', 'b', 'c');
      await process.upkeep();
      await register('Mails');
      const { coverage } = process.registry.byName('Mails')!.patterns[0]!;
      await fillFrom(process, { cursor: a!, upTo: coverage.active!.after });
      clock.advance(2 * DAY);
      expect(await prune({ payload: DAY })).toMatchObject({ payloads: 1 });
      expect(await withData()).toEqual(['b', 'c']);
      expect(await other.upkeep()).toBe(2);
      clock.advance(DAY);
      expect(await prune({ payload: DAY })).toEqual(NOTHING);
      await succeed('Mails');
      clock.advance(DAY);
      expect(await prune({ payload: DAY })).toMatchObject({ payloads: 2 });
    });

    it('keeps what a backfill will pass that begins in the middle of it', async () => {
      await write('a', 'b', 'c');
      await process.upkeep();
      await register('Mails');
      const { coverage } = process.registry.byName('Mails')!.patterns[0]!;
      clock.advance(2 * DAY);
      await afterQuery(process, /AS applies/, () =>
        fillFrom(other, { cursor: 0, upTo: coverage.active!.after }),
      );
      expect(await prune({ payload: DAY })).toEqual(NOTHING);
      expect(await withData()).toEqual(['a', 'b', 'c']);
      expect(await process.upkeep()).toBe(3);
    });

    it('keeps what a cancelled delivery needs that is being retried', async () => {
      if (!process.database.dialect.can.pool) return;
      await register('Mails');
      await write('a', 'b');
      await process.cancel({});
      await process.upkeep();
      clock.advance(2 * DAY);
      const retrying = deferred();
      const pruned = deferred();
      await beforeQuery(other, /INSERT INTO .*once_delivery\b/, async () => {
        retrying.resolve();
        await pruned.promise;
      });
      const retried = other.retry({ key: 'a' });
      await retrying.promise;
      const report = await prune({ payload: DAY });
      pruned.resolve();
      expect(await retried).toBe(1);
      expect(report).toMatchObject({ payloads: 1 });
      expect(await withData()).toEqual(['a']);
    });

    it('never takes the data of streams', async () => {
      const { tables } = process.database;
      await write('a', 'b', 'last');
      await change(`UPDATE ${tables.event} SET stream = 's', stream_version = 1 WHERE event_key = 'a'`);
      await process.upkeep();
      clock.advance(2 * DAY);
      expect(await prune({ payload: DAY })).toMatchObject({ payloads: 2 });
      expect(await withData()).toEqual(['a']);
    });

    it('is not held up by a host whose clock is ahead', async () => {
      clock.advance(10 * DAY);
      await write('ahead');
      clock.set('2031-01-01');
      await write('old');
      await process.upkeep();
      clock.advance(2 * DAY);
      expect(await prune({ payload: DAY })).toMatchObject({ payloads: 1 });
      expect(await withData()).toEqual(['ahead']);
      clock.advance(10 * DAY);
      expect(await prune({ payload: DAY })).toMatchObject({ payloads: 1 });
    });
  });

  describe('of events', () => {
    it('deletes them with their keys and finished deliveries, when asked', async () => {
      await register('Mails');
      await write('a', 'b');
      await succeed('Mails');
      clock.advance(2 * DAY);
      await write('young');
      await process.upkeep();
      expect(await prune({ payload: 1000 * DAY })).toEqual(NOTHING);
      expect(await prune({ events: DAY })).toEqual({ ...NOTHING, events: 2 });
      expect(await keys()).toEqual(['young']);
      const { tables } = process.database;
      expect(await process.database.run((sql) => sql.rows(`SELECT * FROM ${tables.finished}`))).toEqual([]);
      expect(await process.log.append({ group: 'app.A', key: 'a' })).toMatchObject({ recorded: true });
    });

    it('keeps those with an open or dead delivery, of streams, beyond fan-out or a backfill, and the newest', async () => {
      const { tables } = process.database;
      await register('Mails');
      await write('done', 'dead', 'pending', 'stream');
      await change(`UPDATE ${tables.event} SET stream = 's', stream_version = 1 WHERE event_key = 'stream'`);
      await succeed('Mails', 1);
      await die('Mails', 1);
      await process.cancel({ key: 'stream' });
      await process.upkeep();
      await write('beyond', 'newest');
      await process.cancel({ key: ['beyond', 'newest'] });
      clock.advance(2 * DAY);
      expect(await prune({ events: DAY })).toMatchObject({ events: 1 });
      expect(await keys()).toEqual(['dead', 'pending', 'stream', 'beyond', 'newest']);
      await process.upkeep();
      expect(await prune({ events: DAY })).toMatchObject({ events: 1 });
      expect(await keys()).toEqual(['dead', 'pending', 'stream', 'newest']);
      await succeed('Mails');
      clock.advance(DAY);
      expect(await prune({ events: DAY })).toMatchObject({ events: 1 });
      expect(await keys()).toEqual(['dead', 'stream', 'newest']);
    });
  });

  describe('as work', () => {
    const several = async () => {
      await register('Mails');
      await write('a', 'b', 'c', 'd', 'e');
      await succeed('Mails');
      await process.upkeep();
      clock.advance(2 * DAY);
    };

    it('goes in batches and tells how far it is', async () => {
      await several();
      const told: number[][] = [];
      const report = await retention({ succeeded: DAY, payload: DAY, batchSize: 2 }).run(
        undefined,
        ({ payloads, succeeded }) => told.push([payloads, succeeded]),
      );
      expect(report).toEqual({ ...NOTHING, payloads: 5, succeeded: 5 });
      expect(told).toEqual([
        [2, 0],
        [4, 0],
        [5, 0],
        [5, 2],
        [5, 4],
        [5, 5],
      ]);
    });

    it('ends after a batch when the application shuts down, and goes on there in another process', async () => {
      await several();
      const stopping = new AbortController();
      const policy = { payload: DAY, succeeded: DAY, batchSize: 2 };
      const report = await retention(policy).run(stopping.signal, () => stopping.abort());
      expect(report).toEqual({ ...NOTHING, payloads: 2 });
      expect(await withData()).toEqual(['c', 'd', 'e']);
      expect(await retention(policy, other).run()).toEqual({ ...NOTHING, payloads: 3, succeeded: 5 });
    });

    it('is done by one process at a time', async () => {
      await several();
      const lease = new Lease(other.database, 'retention', 60_000);
      await lease.hold(
        async () => expect(await retention({ succeeded: DAY }).run()).toBeUndefined(),
        () => fail('held by another'),
      );
      expect(await statuses()).toHaveLength(5);
      expect(await prune({ succeeded: DAY })).toMatchObject({ succeeded: 5 });
    });

    it('goes by the clock of the database where the application gives none', async () => {
      await register('Mails');
      const real = await LogProcess.start(address);
      await real.log.append({ group: 'app.A', key: 'now', data: 1 });
      const { tables } = real.database;
      await change(`UPDATE ${tables.event} SET recorded_at = recorded_at - ?`, 2 * DAY);
      await real.upkeep();
      const report = await retention({ payload: 3 * DAY }, real).run();
      expect(report).toEqual(NOTHING);
      const workerId = await real.leases.register();
      const { id } = real.registry.byName('Mails')!;
      const request = { workerId, quotas: [{ handlerId: id, take: 1 }], suspects: false };
      const { claimed } = await real.queue.claim(request);
      await real.queue.complete(workerId, claimed);
      expect(await retention({ payload: DAY, succeeded: DAY }, real).run()).toEqual({
        ...NOTHING,
        payloads: 1,
      });
      await change(`UPDATE ${tables.finished} SET finished_at = finished_at - ?`, 2 * DAY);
      expect(await retention({ succeeded: DAY }, real).run()).toEqual({ ...NOTHING, succeeded: 1 });
      await real.stop();
    });
  });

  /** As if a backfill of the handler had come so far. */
  const fillFrom = async (of: LogProcess, fill: { cursor: number; upTo: number }) => {
    await of.registry.changing(async (sql) => {
      const { id, coverage } = of.registry.byName('Mails')!.patterns[0]!;
      await of.registry.saveCoverage(sql, id, { ...coverage, fill });
      return true;
    });
  };

  /** Does something once, before or after the first statement like this. */
  const atQuery = async (
    when: 'beforeQuery' | 'afterQuery',
    of: LogProcess,
    like: RegExp,
    work: () => unknown,
  ) => {
    let isDone = false;
    of.database.dataSource.subscribers.push({
      [when]: async ({ query }: { query: string }) => {
        if (isDone || !like.test(query)) return;
        isDone = true;
        await work();
      },
    });
  };
  const beforeQuery = (of: LogProcess, like: RegExp, work: () => unknown) =>
    atQuery('beforeQuery', of, like, work);
  const afterQuery = (of: LogProcess, like: RegExp, work: () => unknown) =>
    atQuery('afterQuery', of, like, work);
});
