import { Injectable } from '@nestjs/common';
import {
  event,
  EventHandler,
  type HandlerContext,
  ModelEventSource,
  type RecordedEvent,
  type SourceContext,
} from 'nestjs-once';
import { drain } from 'nestjs-once/testing';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { startApplication, type TestApplication } from '../support/application.js';
import { describeEachDatabase } from '../support/databases.js';

@Entity()
class Challenge {
  @PrimaryGeneratedColumn() id: number;
  @Column() title: string;
  @Column({ default: true }) isActive: boolean;
}

@Entity()
class Ledger {
  @PrimaryGeneratedColumn() id: number;
  @Column() eventKey: string;
}

@Injectable()
class ChallengeEvents {
  @ModelEventSource(Challenge)
  *events(challenge: Challenge, _context: SourceContext) {
    if (challenge.isActive) yield event('challenge_created', challenge.id, { challenge });
  }
}

@Injectable()
class ChallengeMails {
  readonly seen: { event: RecordedEvent<{ challenge: Challenge }>; attempt: number }[] = [];

  @EventHandler(/^challenge/)
  send(recorded: RecordedEvent<{ challenge: Challenge }>, { attempt }: HandlerContext) {
    this.seen.push({ event: recorded, attempt });
  }

  @EventHandler('challenge_*', { transactional: true })
  async book(recorded: RecordedEvent, { manager }: HandlerContext) {
    await manager.insert(Ledger, { eventKey: recorded.key });
  }
}

describeEachDatabase('the main job', (db) => {
  let application: TestApplication;

  const start = async (options = {}) => {
    application = await startApplication({
      database: await db.options(),
      entities: [Challenge, Ledger],
      providers: [ChallengeEvents, ChallengeMails],
      options,
    });
    return application;
  };

  afterEach(() => application?.close());

  it('records what a saved entity yields and handles it once per handler', async () => {
    const { app, dataSource, deliveries } = await start();
    const challenge = await dataSource.getRepository(Challenge).save({ title: 'Run' });
    await dataSource.getRepository(Challenge).save({ ...challenge, title: 'Run far' });
    expect(await deliveries.counts()).toMatchObject({ pending: 2, succeeded: 0 });

    await drain(app);

    const { seen } = app.get(ChallengeMails);
    expect(seen).toHaveLength(1);
    expect(seen[0]!.event).toMatchObject({
      key: `challenge_created_${challenge.id}`,
      group: 'challenge_created',
    });
    expect(seen[0]!.event.data.challenge).toBeInstanceOf(Challenge);
    expect(seen[0]!.event.data.challenge.title).toBe('Run far');
    expect(await dataSource.getRepository(Ledger).count()).toBe(1);
    expect(await deliveries.counts()).toMatchObject({ pending: 0, succeeded: 2, dead: 0 });
  });

  it('handles in the background, without being asked to', async () => {
    const { app, dataSource, deliveries } = await start({
      dispatch: 'background',
      worker: { pollInterval: 50 },
    });
    await dataSource.transaction(async (manager) => {
      for (let i = 0; i < 50; i++) await manager.save(Challenge, { title: `Run ${i}` });
    });
    await drain(app);
    expect(app.get(ChallengeMails).seen).toHaveLength(50);
    expect(await dataSource.getRepository(Ledger).count()).toBe(50);
    expect(await deliveries.counts()).toMatchObject({ succeeded: 100 });
  });

  it('handles inline before the save resolves', async () => {
    const { app, dataSource } = await start({ dispatch: 'inline' });
    await dataSource.getRepository(Challenge).save({ title: 'Run' });
    expect(app.get(ChallengeMails).seen).toHaveLength(1);
    expect(await dataSource.getRepository(Ledger).count()).toBe(1);
  });

  it('records nothing of a transaction that rolls back', async () => {
    const { dataSource, deliveries } = await start();
    const failed = dataSource.transaction(async (manager) => {
      await manager.save(Challenge, { title: 'Run' });
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect(await deliveries.counts()).toMatchObject({ pending: 0 });
  });
});
