import { Injectable, type Type } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { drain } from 'nestjs-once/testing';
import {
  event,
  EventHandler,
  Follower,
  type FollowerContext,
  type FollowerOptions,
  Followers,
  type HandlerContext,
  On,
  type RecordedEvent,
} from 'nestjs-once';
import { DataSource, type EntityManager } from 'typeorm';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { deferred } from '../../support/deferred.js';
import { scriptedFollower } from '../../support/scripted-follower.js';
import { Effect } from './follower-process.js';

const POOL = 6;
const EVENTS = 40;

/** Methods that hold a connection now, how many did at most, and whether they ask for a second one. */
const holding = { now: 0, most: 0, second: true };

async function read(dataSource: DataSource, manager: EntityManager): Promise<void> {
  holding.most = Math.max(holding.most, ++holding.now);
  await (holding.second ? dataSource : manager).getRepository(Effect).find({ take: 1 });
  holding.now--;
}

function follower(name: string, options: FollowerOptions): Type {
  @Injectable()
  @Follower(name, options)
  class Reading {
    constructor(@InjectDataSource() readonly dataSource: DataSource) {}

    @On('Happened')
    happened(_: RecordedEvent, { manager }: FollowerContext): Promise<void> {
      return read(this.dataSource, manager);
    }
  }
  return Reading;
}

@Injectable()
class Handlers {
  constructor(@InjectDataSource() readonly dataSource: DataSource) {}

  @EventHandler('Happened', { transactional: true })
  handle(_: RecordedEvent, { manager }: HandlerContext): Promise<void> {
    return read(this.dataSource, manager);
  }
}

describeEachDatabase('followers and transactional handlers of one pool', (db) => {
  let application: TestApplication | undefined;

  afterEach(() => application?.close());

  // SQLite has one connection for all, which a transaction holds: there is no second one.
  const most = db.dialect === 'sqlite' ? 1 : POOL - 2;

  it.each<[string, FollowerOptions]>([
    ['one stream at a time', { batchSize: 1 }],
    ['several streams at a time', { batchSize: 2, streams: 4 }],
  ])('leave connections to what they ask for beside their transactions: %s', async (_title, options) => {
    Object.assign(holding, { now: 0, most: 0, second: most > 1 });
    application = await startApplication({
      database: await db.options({ poolSize: POOL }),
      entities: [Effect],
      providers: [Handlers, ...Array.from({ length: 6 }, (_, index) => follower(`Reading${index}`, options))],
      options: { dispatch: 'background' },
    });
    const inputs = Array.from({ length: EVENTS }, (_, n) => event('Happened', n, { n }));
    await application.log.append(inputs);
    await drain(application.app);
    expect(holding).toMatchObject({ now: 0 });
    expect(holding.most).toBeGreaterThanOrEqual(1);
    expect(holding.most).toBeLessThanOrEqual(most);
  });

  it('hold none for a dry run that waits for its turn', async () => {
    const [started, released] = [deferred(), deferred()];
    application = await startApplication({
      database: await db.options({ poolSize: 2 }),
      providers: [
        scriptedFollower('Busy', 'Happened', async () => {
          started.resolve();
          await released.promise;
          // Beside its transaction, which holds one of two connections.
          await application!.dataSource.query('SELECT 1');
        }),
      ],
    });
    const { app, log, dataSource } = application;
    const followers = app.get(Followers);
    await log.append(event('Happened', 1, {}));
    const syncing = followers.sync();
    await started.promise;
    const begun = deferred();
    const rehearsing = followers.sync({ dryRun: true, onProgress: () => begun.resolve() });
    await begun.promise;
    // The other connection is there for whoever asks, however often; on SQLite there is one, which the first transaction has.
    for (let round = 0; round < 50 && db.dialect !== 'sqlite'; round++) await dataSource.query('SELECT 1');
    released.resolve();
    expect(await syncing).toEqual([{ name: 'Busy', events: 1 }]);
    expect(await rehearsing).toEqual([{ name: 'Busy', events: 0 }]);
  });
});
