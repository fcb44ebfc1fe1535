import type { FollowerOptions } from 'nestjs-once';
import { drain, DrainFailedError } from 'nestjs-once/testing';
import { type DatabaseAddress, dataSourceOptionsFrom } from '../../support/data-source-options.js';
import { describeEachDatabase } from '../../support/databases.js';
import { committed, happened, lanedFollower, startLaned, upTo, whole } from './lanes-bench.js';

describeEachDatabase('an event that fails beside other streams', (db) => {
  let address: DatabaseAddress;
  let application: Awaited<ReturnType<typeof startLaned>>;

  beforeEach(async () => {
    address = await db.create();
  });

  afterEach(() => application.close());

  async function start(options: FollowerOptions = {}) {
    const database = dataSourceOptionsFrom(address);
    application = await startLaned({ database, follower: lanedFollower(options) });
    await application.log.append(happened(upTo(9)));
    return application;
  }

  const failAt = (n: number) => (each: number) =>
    each === n ? Promise.reject(new Error(`${n} is refused`)) : undefined;

  it('stops the follower: other streams of its round were handled, and are not again', async () => {
    const { app, followers, laned, outcome } = await start();
    laned.meddle = failAt(4);
    await expect(drain(app)).rejects.toThrow(DrainFailedError);
    expect(await committed(application)).toEqual([1, 2, 3, 5, 6, 8, 9]);
    expect(await followers.status('Laned')).toMatchObject({
      state: 'stopped',
      position: 3,
      failure: { position: 4, attempts: 1 },
    });
    laned.meddle = () => undefined;
    laned.calls.length = 0;
    await followers.resume('Laned');
    await drain(app);
    expect(laned.calls).toEqual(['a4', 'a7']);
    expect(await outcome()).toEqual(whole(9));
  });

  it('is skipped alone', async () => {
    const { app, followers, laned } = await start({ onError: 'skip' });
    laned.meddle = failAt(4);
    await drain(app);
    expect(await committed(application)).toEqual([1, 2, 3, 5, 6, 7, 8, 9]);
    expect(await followers.status('Laned')).toMatchObject({ state: 'running', skipped: 1, lag: 0 });
    // The next round has several lanes again.
    laned.calls.length = 0;
    await application.log.append(happened(upTo(18, 10)));
    await drain(app);
    expect(laned.calls).toHaveLength(9);
    expect(await committed(application)).toHaveLength(17);
  });

  it('is parked with what comes behind it in its stream, in this round and in later ones', async () => {
    const { app, followers, laned, outcome } = await start({
      onError: 'park',
      retry: { maxRetries: 0, interval: 3_600_000 },
    });
    laned.meddle = failAt(4);
    await drain(app);
    await application.log.append(happened(upTo(18, 10)));
    await drain(app);
    const ofStream = [4, 7, 10, 13, 16];
    expect(await committed(application)).toEqual(upTo(18).filter((n) => !ofStream.includes(n)));
    expect(await followers.status('Laned')).toMatchObject({ parked: 5, lag: 0 });
    laned.meddle = () => undefined;
    laned.calls.length = 0;
    for (let syncs = 0; syncs < ofStream.length; syncs++) await followers.sync();
    expect(laned.calls).toEqual(ofStream.map((n) => `a${n}`));
    expect(await followers.status('Laned')).toMatchObject({ parked: 0 });
    expect(await outcome()).toEqual(whole(18));
  });

  it('has failed only where it does so without the others, too: they may be why', async () => {
    const { app, followers, laned, outcome } = await start({ retry: { maxRetries: 0 } });
    let isFirst = true;
    laned.meddle = (n) => {
      if (n !== 4 || !isFirst) return undefined;
      isFirst = false;
      return Promise.reject(new Error('another stream has changed the row meanwhile'));
    };
    await drain(app);
    expect(await outcome()).toEqual(whole(9));
    const status = await followers.status('Laned');
    expect(status).toMatchObject({ state: 'running', skipped: 0, parked: 0, lag: 0 });
    expect(status).not.toHaveProperty('failure');
  });
});
