import { Injectable } from '@nestjs/common';
import {
  event,
  EventHandler,
  Follower,
  Followers,
  ModelEventSource,
  On,
  type RecordedEvent,
} from 'nestjs-once';
import { clearEventLog, drain, whenCaughtUp } from 'nestjs-once/testing';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';

@Entity()
class Coin {
  @PrimaryGeneratedColumn()
  id: number;

  @Column()
  side: string;
}

@Injectable()
class Coins {
  readonly handled: string[] = [];

  @ModelEventSource(Coin)
  source({ side }: Coin) {
    return event('coin', side);
  }

  @EventHandler('coin')
  handle({ key }: RecordedEvent) {
    this.handled.push(key);
  }
}

@Injectable()
@Follower('Purse')
class Purse {
  readonly seen: string[] = [];

  @On('coin')
  coin({ key }: RecordedEvent) {
    this.seen.push(key);
  }
}

describeEachDatabase('Between tests', (db) => {
  let application: TestApplication;
  let handled: string[];

  beforeAll(async () => {
    application = await startApplication({
      database: await db.options(),
      entities: [Coin],
      providers: [Coins],
    });
    handled = application.app.get(Coins).handled;
  });
  afterAll(() => application.close());
  beforeEach(() => handled.splice(0));

  const save = () => application.dataSource.manager.save(Object.assign(new Coin(), { side: 'heads' }));
  const keys = async () => {
    const found: string[] = [];
    for await (const { key } of application.log.read()) found.push(key);
    return found;
  };

  it('clearEventLog empties the log: the same key is recorded and handled again, and what was pending is not', async () => {
    for (let turn = 0; turn < 2; turn++) {
      await save();
      await drain(application.app);
      await application.log.append({ group: 'coin', key: 'pending' });
      await clearEventLog(application.app);
      expect(await keys()).toEqual([]);
      await drain(application.app);
    }
    expect(handled).toEqual(['coin_heads', 'coin_heads']);
  });

  it('a save after synchronize(true) fails with an error that says what to do, and clearEventLog does it', async () => {
    await save();
    await drain(application.app);
    await application.dataSource.synchronize(true);
    await expect(save()).rejects.toMatchObject({
      code: 'TABLES_MISSING',
      message: expect.stringContaining('clearEventLog(app)'),
    });
    await clearEventLog(application.app);
    handled.splice(0);
    await save();
    await drain(application.app);
    expect(handled).toEqual(['coin_heads']);
  });
});

describeEachDatabase('Between tests, followers', (db) => {
  let application: TestApplication;
  afterEach(() => application.close());

  it.each(['none', 'background'] as const)(
    'begin anew after clearEventLog, with dispatch %s',
    async (dispatch) => {
      application = await startApplication({
        database: await db.options(),
        providers: [Purse],
        options: { dispatch },
      });
      const { app, log, dataSource } = application;
      for (let turn = 0; turn < 3; turn++) {
        await log.append([event('coin', 'heads'), event('coin', 'tails')]);
        await whenCaughtUp(app);
        expect(await app.get(Followers).status('Purse')).toMatchObject({ state: 'running', lag: 0 });
        // With tables that are made again, positions begin anew, too.
        if (turn === 1) await dataSource.synchronize(true);
        await clearEventLog(app);
        expect(await app.get(Followers).status('Purse')).toMatchObject({ position: 0 });
      }
      expect(app.get(Purse).seen).toEqual(Array(3).fill(['coin_heads', 'coin_tails']).flat());
    },
  );
});
