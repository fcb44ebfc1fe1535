import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Injectable } from '@nestjs/common';
import { event, Follower, FollowerPositionError, remoteNotificationLog, Retention } from 'nestjs-once';
import { DiscoveryService } from '@nestjs/core';
import { drain, whenCaughtUp } from 'nestjs-once/testing';
import type { DataSourceOptions } from 'typeorm';
import { enginesOf } from '../../../lib/module/lifecycle.js';
import { healthFacts } from '../../../lib/terminus/health-facts.js';
import {
  type DatabaseAddress,
  dataSourceOptionsFrom,
  describeEachDatabase,
} from '../../support/databases.js';
import { deferred } from '../../support/deferred.js';
import { following, Ledger } from './ledger-process.js';
import { bookedBy, type Books, comes, effectsOf, openBooks, Shop } from './shop.js';

const RUN_TS = fileURLToPath(new URL('../../support/run-ts.mjs', import.meta.url));
const PROCESS = fileURLToPath(new URL('ledger-process.ts', import.meta.url));

@Injectable()
@Follower('Ledger', { from: 'shop', onError: 'skip', retry: { maxRetries: 0 } })
class Skipping extends Ledger {}

@Injectable()
@Follower('Ledger', { from: 'shop', onError: 'park', retry: { maxRetries: 0, interval: 60_000 } })
class Parking extends Ledger {}

@Injectable()
@Follower('Ledger', { from: 'shop', version: 2, retry: { maxRetries: 0 } })
class Second extends Ledger {}

describeEachDatabase('a follower of the log of another application', (db) => {
  let shop: Shop;
  let address: DatabaseAddress;
  let database: DataSourceOptions;
  const opened: Books[] = [];

  beforeEach(async () => {
    shop = await Shop.open(await db.options());
    address = await db.create();
    database = dataSourceOptionsFrom(address);
  });

  afterEach(async () => {
    for (const books of opened.splice(0)) await books.close();
    await shop.close();
  });

  const open = async (options = following(shop.url, 'books'), ledger = Ledger) => {
    const books = await openBooks(database, options, ledger, opened.length === 0);
    opened.push(books);
    return books;
  };
  const asleep = () => ({ ...following(shop.url, 'books'), dispatch: 'none' as const });
  const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

  it('is given each event once and in order, and what it collects has a key of follower, log and position', async () => {
    const books = await open();
    // Positions of its own log mean nothing to it.
    await books.log.append([event('Ordered', 100, { n: 100 }), event('Ordered', 101, { n: 101 })]);
    await shop.order(...upTo(9));
    await books.followers.waitFor('Ledger', await shop.positionOf(9));
    await shop.order(10, 11);
    await books.followers.waitFor('Ledger', await shop.positionOf(11));
    expect(await effectsOf(books)).toEqual(upTo(11));
    const booked = await bookedBy(books);
    expect(booked.map(({ n }) => n)).toEqual(upTo(11));
    expect(booked[1]!.key).toBe(`follower:Ledger:@shop:${await shop.positionOf(2)}:0`);
  });

  it('is given each event once where its process is killed between an effect and its commit', async () => {
    const books = await open(asleep());
    await shop.order(...upTo(8));
    const child: ChildProcess = fork(RUN_TS, [PROCESS, 'ledger', JSON.stringify(address), shop.url, '5']);
    await once(child, 'message');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const successor = await open(following(shop.url, 'successor'));
    await successor.followers.waitFor('Ledger', await shop.positionOf(8), { timeout: '30s' });
    expect(await effectsOf(books)).toEqual(upTo(8));
    expect((await bookedBy(books)).map(({ n }) => n)).toEqual(upTo(8));
    expect(shop.asked).toContain('child');
  }, 60_000);

  it('has one process that asks, and handles each event once whoever is told to sync at the same time', async () => {
    const one = await open(following(shop.url, 'one'));
    await shop.order(1);
    await one.followers.waitFor('Ledger', await shop.positionOf(1));
    const other = await open(following(shop.url, 'other'));
    await shop.order(2, 3);
    await other.followers.waitFor('Ledger', await shop.positionOf(3));
    expect(new Set(shop.asked)).toEqual(new Set(['one']));
    await shop.order(...[4, 5, 6, 7, 8, 9]);
    await Promise.all([one, other, one, other].map(({ followers }) => followers.sync()));
    await other.followers.waitFor('Ledger', await shop.positionOf(9));
    expect(await effectsOf(one)).toEqual(upTo(9));
    await one.close();
    opened.splice(opened.indexOf(one), 1);
    await shop.order(10);
    await other.followers.waitFor('Ledger', await shop.positionOf(10));
    expect(await effectsOf(other)).toEqual(upTo(10));
  });

  it('waits while the other application is away, which is told once, and goes on when it is back, which is told once', async () => {
    const books = await open();
    await shop.order(1, 2);
    await books.followers.waitFor('Ledger', await shop.positionOf(2));
    shop.proxy.cut();
    await shop.order(3, 4);
    const away = await comes(books, ({ unreadable }) => unreadable !== undefined);
    expect(away).toMatchObject({ state: 'running', from: 'shop', unreadable: { since: expect.any(Date) } });
    expect(away.unreadable!.error).toMatch(
      /Upstream shop cannot be read: .* could not be asked: (ECONN|UND_ERR)/,
    );
    const [engine] = enginesOf(books.app.get(DiscoveryService, { strict: false }));
    const facts = await healthFacts(engine!, { timeout: 5000, lease: 1000 });
    expect(facts.failing).toEqual([expect.stringMatching(/^followers: Ledger waits since .*Upstream shop/)]);
    while (shop.proxy.refused.length < 4) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(books.logger.of('warn').filter((line) => line.includes('shop'))).toHaveLength(1);
    shop.proxy.restore();
    await books.followers.waitFor('Ledger', await shop.positionOf(4));
    const back = await comes(books, ({ lag }) => lag === 0);
    expect(back).not.toHaveProperty('unreadable');
    expect(back).not.toHaveProperty('failure');
    expect(await effectsOf(books)).toEqual(upTo(4));
    expect(books.ledger.given).toEqual(['1.1', '2.1', '3.1', '4.1']);
    expect(books.logger.of('log').filter((line) => line.includes('shop'))).toEqual([
      expect.stringMatching(/Upstream shop can be read again, after/),
    ]);
    expect(books.logger.of('warn').filter((line) => line.includes('shop'))).toHaveLength(1);
  });

  it('is told of trouble once, too, where the other application says how far it is, and gives no events', async () => {
    const books = await open();
    await shop.order(1);
    await books.followers.waitFor('Ledger', await shop.positionOf(1));
    let refused = 0;
    const often = deferred();
    shop.keeps = (response) => {
      if (++refused === 3) often.resolve();
      response.status(500).json({ code: 'BROKEN', message: 'One of them cannot be read.' });
    };
    await shop.order(2);
    await often.promise;
    expect(books.logger.of('warn').filter((line) => line.includes('shop'))).toHaveLength(1);
    expect(books.logger.of('log').filter((line) => line.includes('shop'))).toEqual([]);
    delete shop.keeps;
    await books.followers.waitFor('Ledger', await shop.positionOf(2));
    expect(books.logger.of('log').filter((line) => line.includes('shop'))).toHaveLength(1);
  });

  it('stops at an event that fails, which is tried again or left out by its position in the other log', async () => {
    const books = await open(asleep());
    books.ledger.failing.add(2);
    await shop.order(...upTo(4));
    await expect(drain(books.app)).rejects.toThrow('2 is refused');
    const position = await shop.positionOf(2);
    expect(await books.followers.status('Ledger')).toMatchObject({
      ...{ state: 'stopped', failure: { position, error: expect.stringContaining('2 is refused') } },
    });
    await books.followers.skip('Ledger', position);
    await drain(books.app);
    expect(await effectsOf(books)).toEqual([1, 3, 4]);
    await expect(books.followers.skip('Ledger', 1_000_000)).rejects.toThrow(FollowerPositionError);
  });

  it('skips what fails', async () => {
    const books = await open(asleep(), Skipping);
    books.ledger.failing.add(2);
    await shop.order(...upTo(4));
    await drain(books.app);
    expect(await effectsOf(books)).toEqual([1, 3, 4]);
    expect(await books.followers.status('Ledger')).toMatchObject({ state: 'running', skipped: 1, lag: 0 });
  });

  it('is given no event whose data its log has removed: that fails, as in its own log', async () => {
    const books = await open(asleep(), Skipping);
    await shop.order(...upTo(3));
    await shop.application.dataSource.query(
      `UPDATE once_event SET encoding = 'pruned', payload = NULL WHERE position = ${await shop.positionOf(2)}`,
    );
    await drain(books.app);
    expect(await effectsOf(books)).toEqual([1, 3]);
    expect(await books.followers.status('Ledger')).toMatchObject({ skipped: 1, lag: 0 });
  });

  it('parks the stream of what fails, and reads it again in the other log', async () => {
    const books = await open(asleep(), Parking);
    await books.log.append(upTo(20).map((n) => event('Elsewhere', n, { n })));
    books.ledger.failing.add(2);
    await shop.order(...upTo(6));
    await drain(books.app);
    expect(await effectsOf(books)).toEqual([1, 3, 5]);
    expect(await books.followers.status('Ledger')).toMatchObject({ state: 'running', parked: 3 });
    shop.proxy.cut();
    expect((await books.followers.sync())[0]!.error).toMatchObject({ code: 'UPSTREAM_UNREADABLE' });
    expect(await books.followers.status('Ledger')).toMatchObject({ parked: 3 });
    shop.proxy.restore();
    books.ledger.failing.clear();
    await books.followers.sync();
    await drain(books.app);
    expect(await effectsOf(books)).toEqual([1, 3, 5, 2, 4, 6]);
    expect(await books.followers.status('Ledger')).toMatchObject({ parked: 0, lag: 0 });
  });

  it('is reset in that log alone, moved, paused and shown by positions of that log', async () => {
    const books = await open(asleep());
    await shop.order(...upTo(4));
    await drain(books.app);
    const last = await shop.positionOf(4);
    expect(await books.followers.reset('Ledger', { upstream: 'shop' })).toMatchObject({
      ...{ events: 4, upstreams: [{ upstream: 'shop', position: last }] },
    });
    expect(await effectsOf(books)).toEqual([]);
    expect(await books.followers.status('Ledger')).toMatchObject({ position: 0, lag: last });
    books.ledger.given.length = 0;
    await drain(books.app);
    expect(books.ledger.given).toEqual(['1.1 again', '2.1 again', '3.1 again', '4.1 again']);
    expect(await effectsOf(books)).toEqual(upTo(4));
    expect((await bookedBy(books)).map(({ n }) => n)).toEqual(upTo(4));
    await expect(books.followers.moveTo('Ledger', last + 1)).rejects.toThrow(FollowerPositionError);
    await books.followers.moveTo('Ledger', await shop.positionOf(3));
    await books.followers.pause('Ledger');
    await shop.order(5);
    await drain(books.app);
    expect(await books.followers.status('Ledger')).toMatchObject({ state: 'paused' });
    await books.followers.resume('Ledger');
    await drain(books.app);
    expect(books.ledger.given.slice(4)).toEqual(['4.1 again', '5.1']);
  });

  it('asks with headers that are made for each request, and anew where they were refused', async () => {
    shop.token = 'first';
    const made: boolean[] = [];
    let token = 'first';
    const headers = async ({ refused }: { refused: boolean }) => {
      made.push(refused);
      if (refused) token = 'second';
      return { authorization: token };
    };
    const books = await open({
      ...asleep(),
      upstreams: { shop: remoteNotificationLog(shop.url, { headers }) },
    });
    await shop.order(1);
    await drain(books.app);
    expect(made).not.toContain(true);
    shop.token = 'second';
    await shop.order(2);
    await drain(books.app);
    expect(made.filter(Boolean)).toHaveLength(1);
    expect(await effectsOf(books)).toEqual([1, 2]);
    shop.token = 'third';
    expect((await books.followers.sync())[0]!.error).toMatchObject({
      message: expect.stringContaining('answered with 401'),
    });
  });

  it('waits where the log is another, or ends before it, and says what to do', async () => {
    const books = await open(asleep());
    await shop.order(...upTo(6));
    await drain(books.app);
    await books.close();
    opened.pop();
    const anew = await Shop.open(await db.options());
    await anew.order(1);
    const after = await openBooks(database, following(anew.url, 'books'), Ledger, false);
    opened.push(after);
    const status = await comes(after, ({ unreadable }) => unreadable !== undefined);
    expect(status.unreadable!.error).toMatch(/Upstream shop .* followers\.reset\(name\)/);
    expect(after.logger.of('warn').filter((line) => line.includes('made anew'))).toHaveLength(1);
    await after.followers.reset('Ledger');
    await after.followers.waitFor('Ledger', await anew.positionOf(1));
    expect(await effectsOf(after)).toEqual([1]);
    await comes(after, ({ unreadable }) => unreadable === undefined);
    expect(after.logger.of('log').filter((line) => line.includes('can be read again'))).toHaveLength(1);
    await anew.close();
  });

  it('ends at once where its application shuts down while the other one does not answer', async () => {
    const [kept, gone] = [deferred(), deferred()];
    shop.keeps = (response) => {
      response.on('close', () => gone.resolve());
      kept.resolve();
    };
    const upstreams = { shop: remoteNotificationLog(shop.url, { timeout: '10m' }) };
    const books = await open({ ...following(shop.url, 'books'), upstreams });
    await shop.order(1);
    await kept.promise;
    const closing = books.close();
    // It would wait for its answer for ten minutes.
    await gone.promise;
    await closing;
    opened.pop();
    expect(books.logger.of('warn')).toEqual([]);
    shop.keeps = undefined;
    const next = await open();
    await next.followers.waitFor('Ledger', await shop.positionOf(1));
    expect(await effectsOf(next)).toEqual([1]);
  });

  it('has versions, of which a new one catches up in the other log and takes the place of the one before', async () => {
    const one = await open(asleep());
    await shop.order(...upTo(5));
    await drain(one.app);
    const other = await open(asleep(), Second);
    await shop.order(6);
    await drain(one.app);
    expect(await other.followers.rebuild('Ledger', { dryRun: true })).toMatchObject({ events: 6 });
    expect(await other.followers.status('Ledger')).toMatchObject({ state: 'rebuilding', activeVersion: 1 });
    await whenCaughtUp(other.app);
    expect(await one.followers.activeVersion('Ledger')).toBe(2);
    await shop.order(7);
    await drain(other.app);
    // Each version has effects of its own here, and one of them acts.
    expect((await effectsOf(one)).sort()).toEqual([1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7]);
    expect((await bookedBy(one)).map(({ n }) => n)).toEqual(upTo(7));
    await shop.order(8);
    expect(await other.followers.sync({ dryRun: true })).toMatchObject([{ events: 1 }]);
    expect(await other.followers.status('Ledger')).toMatchObject({ position: await shop.positionOf(7) });
  });

  it('holds up no retention of its own log', async () => {
    const books = await open({ ...asleep(), retention: { events: 0, succeeded: 0 } });
    await books.log.append(upTo(5).map((n) => event('Own', n, { n })));
    await drain(books.app);
    await books.app.get(Retention).run();
    const left: string[] = [];
    for await (const { key } of books.log.read()) left.push(key);
    expect(left.length).toBeLessThan(3);
  });
});
