import { once } from 'node:events';
import { Injectable } from '@nestjs/common';
import { event, Follower, type FollowerContext, Followers, On, type RecordedEvent } from 'nestjs-once';
import { drain } from 'nestjs-once/testing';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { Effect } from './follower-process.js';

const HANGS_AT = 3;

@Injectable()
@Follower('Slow', { timeout: '100ms', onError: 'skip', retry: { maxRetries: 0 } })
class Slow {
  reason: unknown;
  late?: Promise<unknown>;

  @On('Happened')
  async happened(
    { data: { n } }: RecordedEvent<{ n: number }>,
    { manager, signal }: FollowerContext,
  ): Promise<void> {
    await manager.insert(Effect, { n });
    if (n !== HANGS_AT) return;
    await once(signal, 'abort');
    this.reason = signal.reason;
    // What was waited for goes on, when its transaction is over.
    this.late = new Promise((resolve) => setImmediate(resolve)).then(() => manager.insert(Effect, { n: 99 }));
    this.late.catch(() => undefined);
    await new Promise(() => undefined);
  }
}

describeEachDatabase('an event for which a follower takes longer than its timeout', (db) => {
  let application: TestApplication;

  beforeEach(async () => {
    application = await startApplication({
      database: await db.options(),
      entities: [Effect],
      providers: [Slow],
    });
  });

  afterEach(() => application.close());

  it('has failed: what was written for it is undone, and nothing more can be; others are handled', async () => {
    const { app, dataSource, log } = application;
    await log.append([1, 2, 3, 4, 5].map((n) => event('Happened', n, { n })));
    await drain(app);
    expect(await app.get(Followers).status('Slow')).toMatchObject({ state: 'running', lag: 0, skipped: 1 });
    const slow = app.get(Slow);
    expect(slow.reason).toMatchObject({ code: 'FOLLOWER_METHOD_TIMEOUT', follower: 'Slow', timeout: 100 });
    await expect(slow.late).rejects.toThrow();
    const effects = await dataSource.getRepository(Effect).find();
    expect(effects.map(({ n }) => n).sort()).toEqual([1, 2, 4, 5]);
  });
});
