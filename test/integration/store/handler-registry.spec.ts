import type { HandlerRegistration } from '../../../lib/store/registry/handler-registry.js';
import { type DatabaseAddress, describeEachDatabase } from '../../support/databases.js';
import { handler, LogProcess } from './log-process.js';

const WEEK = 604_800_000;
const MINUTE = 60_000;

describeEachDatabase('the handler registry', (db) => {
  let address: DatabaseAddress;
  let writer: LogProcess;
  let worker: LogProcess;

  beforeEach(async () => {
    address = await db.create();
    writer = await LogProcess.start(address);
    worker = await LogProcess.start(address);
  });

  afterEach(() => Promise.all([writer.stop(), worker.stop()]));

  /** As if the process that has these patterns had died so long ago. */
  const silence = async (milliseconds: number, where = '1 = 1') => {
    const { tables } = worker.database;
    await worker.database.run((sql) =>
      sql.change(`UPDATE ${tables.pattern} SET heartbeat_at = heartbeat_at - ? WHERE ${where}`, [
        milliseconds,
      ]),
    );
  };

  it('makes the handlers of one process known to the writers of another', async () => {
    await worker.registry.register([handler('Mails.send', /^app/), handler('Stats.count', '*')]);
    await writer.registry.refresh();
    await writer.write('app.A', 'a');
    await writer.write('other', 'b');
    expect(await worker.deliveredTo('Mails.send')).toEqual(['a']);
    expect(await worker.deliveredTo('Stats.count')).toEqual(['a', 'b']);
  });

  it('registers what is known already while another process changes it', async () => {
    if (!worker.database.dialect.can.pool) return;
    const known = [handler('Mails.send', /^app/), handler('Stats.count', '*')];
    await worker.registry.register(known);
    await writer.registry.changing(async () => {
      await worker.registry.register(known);
      return false;
    });
    await writer.write('app.A', 'a');
    expect(await worker.deliveredTo('Mails.send')).toEqual(['a']);
  });

  it('gives a handler what a writer recorded that never knew it', async () => {
    await worker.registry.register([handler('Mails.send', /^app/)]);
    await writer.write('app.A', 'a', 'b');
    await writer.write('other', 'c');
    expect(await worker.deliveredTo('Mails.send')).toEqual([]);
    expect(await worker.upkeep()).toBe(2);
    expect(await worker.handleAndPrune('Mails.send')).toEqual(['a', 'b']);
    expect(await worker.upkeep()).toBe(0);
    expect(await worker.deliveredTo('Mails.send')).toEqual([]);
  });

  it('gives a handler what was open when it was registered', async () => {
    if (!worker.database.dialect.can.pool) return;
    const runner = writer.database.dataSource.createQueryRunner();
    await runner.startTransaction();
    await writer.log.append({ group: 'app.A', key: 'open' }, { manager: runner.manager });
    await worker.registry.register([handler('Mails.send', /^app/)]);
    await writer.registry.refresh();
    await writer.write('app.A', 'later');
    await worker.upkeep({ open: true });
    await runner.commitTransaction();
    await runner.release();
    await worker.upkeep();
    await worker.upkeep();
    expect(await worker.deliveredTo('Mails.send')).toEqual(['open', 'later']);
  });

  it('gives a new handler no old events', async () => {
    await writer.write('app.A', 'old');
    await worker.decided(await worker.last());
    await worker.registry.register([handler('Mails.send', /^app/)]);
    await worker.upkeep();
    expect(await worker.deliveredTo('Mails.send')).toEqual([]);
  });

  it('gives a new handler no old events either where an old transaction is still open', async () => {
    if (!worker.database.dialect.can.pool) return;
    await writer.write('app.A', 'old');
    await worker.upkeep();
    const runner = writer.database.dataSource.createQueryRunner();
    await runner.startTransaction();
    await writer.log.append({ group: 'other', key: 'open' }, { manager: runner.manager });
    const fresh = await LogProcess.start(address);
    expect(await fresh.horizon.advance()).toBeGreaterThan(0);
    await fresh.registry.register([handler('Mails.send', /^app/)]);
    await runner.commitTransaction();
    await runner.release();
    for (const process of [fresh, worker, fresh]) await process.upkeep();
    expect(await worker.deliveredTo('Mails.send')).toEqual([]);
    await fresh.stop();
  });

  it('may be registered by several processes at once', async () => {
    const all = [handler('Mails.send', /^app/), handler('Stats.count', '*', 'again')];
    await Promise.all([writer, worker, writer, worker].map(({ registry }) => registry.register(all)));
    await writer.registry.refresh();
    expect(writer.registry.known.map(({ name, patterns }) => [name, patterns.length])).toEqual([
      ['Mails.send', 1],
      ['Stats.count', 2],
    ]);
    await writer.write('again', 'a');
    expect(await worker.deliveredTo('Stats.count')).toEqual(['a']);
  });

  it('changes nothing when nothing is new', async () => {
    await worker.registry.register([handler('Mails.send', /^app/)]);
    const version = worker.registry.currentVersion;
    await worker.registry.register([handler('Mails.send', /^app/)]);
    expect(worker.registry.currentVersion).toBe(version);
  });

  it('never labels an event with an older version of the registry than it was matched under', async () => {
    // Another process registers a handler in the middle of reading the registry.
    let registering = true;
    writer.database.dataSource.subscribers.push({
      beforeQuery: async ({ query }) => {
        if (!registering || !query.includes('SELECT * FROM') || !query.includes('once_handler')) return;
        registering = false;
        await worker.registry.register([handler('Late', 'app.A')]);
      },
    });
    await worker.registry.register([handler('Early', 'app.A')]);
    await writer.registry.refresh();
    expect(registering).toBe(false);
    expect(writer.registry.known).toHaveLength(2);
    expect(writer.registry.currentVersion).toBe(worker.registry.currentVersion);
  });

  describe('a backfill', () => {
    beforeEach(async () => {
      await writer.write('app.A', 'a', 'b', 'c', 'd');
      await writer.write('other', 'x');
      await worker.decided(await worker.last());
    });

    const backfill = (after: number) => worker.fanOut.backfill(worker.registry.byName('Mails.send')!, after);

    it('gives each old event at most once, also when called twice, after deliveries are done and pruned', async () => {
      await worker.registry.register([handler('Mails.send', /^app/)]);
      await writer.registry.refresh();
      await writer.write('app.A', 'e');
      expect(await backfill(0)).toBe(4);
      expect(await worker.handleAndPrune('Mails.send')).toHaveLength(5);
      expect(await backfill(0)).toBe(0);
      await writer.write('app.A', 'f');
      expect(await worker.upkeep()).toBe(0);
      expect(await backfill(0)).toBe(0);
      expect(await worker.deliveredTo('Mails.send')).toEqual(['f']);
    });

    it('starts behind a position; a second one from further back gives only the rest', async () => {
      await worker.registry.register([handler('Mails.send', /^app/)]);
      const [, second] = await positions();
      expect(await backfill(second!)).toBe(2);
      expect(await worker.handleAndPrune('Mails.send')).toEqual(['c', 'd']);
      expect(await backfill(0)).toBe(2);
      expect(await worker.deliveredTo('Mails.send')).toEqual(['a', 'b']);
    });

    it('starts at a time', async () => {
      expect(await worker.queries.positionAt(new Date(0))).toBe((await positions())[0]);
      expect(await worker.queries.positionAt(new Date('2999-01-01'))).toBeUndefined();
    });

    it('does not keep the reconciler from what is its own', async () => {
      await worker.registry.register([handler('Mails.send', /^app/)]);
      await writer.write('app.A', 'unknown to its writer');
      expect(await backfill(0)).toBe(4);
      await worker.upkeep();
      expect((await worker.deliveredTo('Mails.send')).at(-1)).toBe('unknown to its writer');
      expect(await worker.deliveredTo('Mails.send')).toHaveLength(5);
    });

    it('goes on in another process when the first one died', async () => {
      await worker.registry.register([handler('Mails.send', /^app/)]);
      const { id } = worker.registry.byName('Mails.send')!.patterns[0]!;
      const coverage = worker.registry.byName('Mails.send')!.patterns[0]!.coverage;
      const [first] = await positions();
      // It had come as far as the first event.
      await worker.registry.changing(async (sql) => {
        await worker.registry.saveCoverage(sql, id, {
          ...coverage,
          fill: { cursor: first!, upTo: coverage.active!.after },
        });
        return true;
      });
      const other = await LogProcess.start(address);
      expect(await other.upkeep()).toBe(3);
      await other.stop();
    });

    const positions = async () => {
      await writer.decided();
      const events = [];
      for await (const { position } of writer.log.read()) events.push(position);
      return events;
    };
  });

  it('gives a retired handler that returns what it missed, and nothing twice', async () => {
    const mails = [handler('Mails.send', /^app/)];
    await worker.registry.register(mails);
    await writer.registry.refresh();
    await writer.write('app.A', 'a');
    await worker.upkeep();
    await worker.handleAndPrune('Mails.send');
    await worker.decided(await worker.last());
    await worker.registry.retire(worker.registry.byName('Mails.send')!);
    // This writer does not know it yet: what it records is still delivered.
    await writer.write('app.A', 'b');
    await writer.registry.refresh();
    await writer.write('app.A', 'c');
    await worker.upkeep();
    // A heartbeat does not undo what a person did.
    await worker.registry.heartbeat(mails);
    expect(await worker.deliveredTo('Mails.send')).toEqual(['b']);
    await worker.handleAndPrune('Mails.send');
    await worker.registry.register(mails);
    await writer.registry.refresh();
    await writer.write('app.A', 'd');
    await worker.upkeep();
    await worker.upkeep();
    expect(await worker.deliveredTo('Mails.send')).toEqual(['c', 'd']);
  });

  it('lets a handler expire whose heartbeat is missing, and gives it what it missed', async () => {
    const mails = [handler('Mails.send', /^app/)];
    await worker.registry.register(mails);
    expect(await worker.registry.expire(MINUTE, WEEK)).toEqual([]);
    await silence(WEEK + MINUTE);
    await worker.registry.heartbeat(mails);
    expect(await worker.registry.expire(MINUTE, WEEK)).toEqual([]);
    await silence(WEEK + MINUTE);
    expect(await writer.registry.expire(MINUTE, WEEK)).toEqual([]);
    await writer.registry.refresh();
    expect(await writer.registry.expire(MINUTE, WEEK)).toEqual(['Mails.send']);
    expect(await writer.registry.expire(MINUTE, WEEK)).toEqual([]);
    await writer.write('app.A', 'missed');
    await writer.upkeep();
    expect(await writer.deliveredTo('Mails.send')).toEqual([]);
    await worker.registry.refresh();
    await worker.registry.heartbeat(mails);
    await worker.upkeep();
    await writer.registry.refresh();
    await writer.write('app.A', 'later');
    expect(await writer.deliveredTo('Mails.send')).toEqual(['missed', 'later']);
  });

  it('matches with the patterns of both versions during a rolling deploy, until the old one lapses', async () => {
    const old = [handler('Mails.send', 'app.Old')];
    const next = [handler('Mails.send', 'app.New', 'app.Both')];
    await writer.registry.register(old);
    await writer.write('app.New', 'before');
    await worker.registry.register(next);
    await writer.registry.refresh();
    for (const process of [writer, worker]) {
      for (const group of ['app.Old', 'app.New'])
        await process.write(group, `${group} by ${process === writer ? 'old' : 'new'}`);
    }
    expect(await worker.deliveredTo('Mails.send')).toHaveLength(4);
    // Both are alive.
    await writer.registry.heartbeat(old);
    await worker.registry.heartbeat(next);
    expect(await worker.registry.expire(MINUTE, WEEK)).toEqual([]);
    expect(
      worker.registry.byName('Mails.send')!.patterns.filter(({ coverage }) => coverage.active),
    ).toHaveLength(3);
    // The processes of the old version end.
    await silence(2 * MINUTE);
    await worker.registry.heartbeat(next);
    expect(await worker.registry.expire(MINUTE, WEEK)).toEqual([]);
    await worker.write('app.Old', 'by nobody');
    await worker.write('app.New', 'goes on');
    await worker.upkeep();
    const delivered = await worker.deliveredTo('Mails.send');
    expect(delivered).toContain('goes on');
    expect(delivered).not.toContain('by nobody');
  });

  it('puts the handlers of higher ranks off, also where all had rank 0 before', async () => {
    const ranked = (name: string, rank: number) => ({ ...handler(name, 'app.A'), rank });
    const waits = () => writer.registry.targetsOf('app.A').map(({ rank, wait }) => [rank, wait ?? 0]);
    await worker.registry.register([ranked('one', 0), ranked('two', 0), ranked('three', 0)]);
    await writer.registry.refresh();
    expect(waits()).toEqual([0, 0, 0].map((rank) => [rank, 0]));
    const own = [ranked('one', 1000), ranked('two', 1), ranked('three', 0), ranked('four', 1000)];
    await worker.registry.register(own);
    await writer.registry.refresh();
    expect(waits()).toEqual([
      [1000, 30_000],
      [1, 30_000],
      [0, 0],
      [1000, 30_000],
    ]);
    await worker.registry.register([
      { ...ranked('one', 1000), patterns: ['app.A', 'app.B'] },
      ...own.slice(3),
    ]);
    await writer.registry.refresh();
    expect(writer.registry.targetsOf('app.B')).toEqual([
      { id: expect.any(Number), rank: 1000, ordered: false },
    ]);
  });

  describe('a handler that is renamed', () => {
    const renamed: HandlerRegistration = {
      name: 'Mails.deliver',
      formerly: ['Mails.send'],
      patterns: [/^app/],
      rank: 0,
    };

    it('takes over the rows of its former name, also while a process still has that', async () => {
      await worker.registry.register([handler('Mails.send', /^app/)]);
      await writer.registry.refresh();
      await writer.write('app.A', 'a');
      const { id } = worker.registry.byName('Mails.send')!;
      await writer.registry.register([renamed]);
      await worker.registry.register([handler('Mails.send', /^app/)]);
      await worker.registry.heartbeat([handler('Mails.send', /^app/)]);
      await writer.registry.refresh();
      expect(writer.registry.known).toHaveLength(1);
      expect(writer.registry.byName('Mails.deliver')).toMatchObject({
        id,
        name: 'Mails.deliver',
        formerNames: ['Mails.send'],
      });
      expect(worker.registry.byName('Mails.send')).toMatchObject({ id });
      await writer.write('app.A', 'b');
      expect(await worker.deliveredTo('Mails.deliver')).toEqual(['a', 'b']);
    });

    it('may be renamed back', async () => {
      await worker.registry.register([handler('Mails.send', /^app/)]);
      await worker.registry.register([renamed]);
      await worker.registry.register([{ ...renamed, name: 'Mails.send', formerly: ['Mails.deliver'] }]);
      expect(worker.registry.known).toHaveLength(1);
      expect(worker.registry.known[0]).toMatchObject({ name: 'Mails.send', formerNames: ['Mails.deliver'] });
    });
  });
});
