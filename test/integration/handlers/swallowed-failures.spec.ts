import { Injectable } from '@nestjs/common';
import { EventHandler, type HandlerContext } from 'nestjs-once';
import { drain } from 'nestjs-once/testing';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { startApplication, type TestApplication } from '../../support/application.js';
import { Deadlock, Lane } from '../../support/deadlock.js';
import { describeEachDatabase } from '../../support/databases.js';

@Entity()
class Mark {
  @PrimaryGeneratedColumn()
  id: number;

  @Column({ length: 20 })
  text: string;
}

/** Goes on whatever fails in it. */
@Injectable()
class Careless {
  attempts: number[] = [];
  fail: (context: HandlerContext) => Promise<unknown> = async () => undefined;

  @EventHandler('passed', { transactional: true })
  async passed(_event: unknown, context: HandlerContext): Promise<void> {
    this.attempts.push(context.attempt);
    await context.manager.insert(Mark, { text: 'before' });
    await this.fail(context).catch(() => undefined);
    await context.manager.insert(Mark, { text: 'after' }).catch(() => undefined);
  }
}

describeEachDatabase('a transactional handler that swallows what fails', (db) => {
  let application: TestApplication;

  afterEach(() => application.close());

  const written = async () => {
    const marks = await application.dataSource.getRepository(Mark).find({ order: { id: 'ASC' } });
    return marks.map(({ text }) => text).filter((text) => text !== 'rival');
  };

  it('fails where its transaction was aborted, and writes all of it once', async () => {
    application = await startApplication({
      database: await db.options(),
      entities: [Mark],
      providers: [Careless],
      options: { dispatch: 'none', retry: { interval: 0 } },
    });
    const careless = application.app.get(Careless);
    careless.fail = async ({ manager, attempt }) =>
      attempt === 1 && manager.query('SELECT * FROM there_is_no_such_table');
    await application.log.append({ group: 'passed', key: 'passed_1' });
    await drain(application.app);
    expect(await written()).toEqual(['before', 'after']);
    expect(careless.attempts).toEqual(db.name === 'postgres' ? [1, 2] : [1]);
  });

  // One writes at a time.
  if (db.name === 'sqlite') return;

  it('is run again within its attempt after a deadlock: success is never committed without what it wrote', async () => {
    application = await startApplication({
      database: await db.options(),
      entities: [Mark, Lane],
      providers: [Careless],
      options: { dispatch: 'none' },
    });
    const { app, dataSource, deliveries, log } = application;
    const careless = app.get(Careless);
    const deadlock = await Deadlock.prepared(dataSource);
    careless.fail = ({ manager }) => deadlock.meet(manager);
    await log.append({ group: 'passed', key: 'passed_1' });
    const drained = drain(app);
    const won = await deadlock.rival(async (manager) => {
      for (let n = 0; n < 40; n++) await manager.insert(Mark, { text: 'rival' });
    });
    await drained;
    expect(await written()).toEqual(['before', 'after']);
    expect(await deliveries.counts()).toMatchObject({ succeeded: 1 });
    expect(careless.attempts).toEqual(won ? [1, 1] : [1]);
    if (db.dialect === 'mysql') expect(won).toBe(true);
  });
});
