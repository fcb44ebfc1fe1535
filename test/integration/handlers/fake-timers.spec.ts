import { Injectable } from '@nestjs/common';
import { jest } from '@jest/globals';
import { event, EventHandler, ModelEventSource, type RecordedEvent } from 'nestjs-once';
import { drain } from 'nestjs-once/testing';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { startApplication } from '../../support/application.js';
import { describeAnyDatabase } from '../../support/databases.js';

@Entity()
class Leaf {
  @PrimaryGeneratedColumn()
  id: number;

  @Column()
  colour: string;
}

@Injectable()
class Leaves {
  readonly handled: string[] = [];

  @ModelEventSource(Leaf)
  source(leaf: Leaf) {
    return event('leaf', leaf.id, { leaf });
  }

  @EventHandler('leaf')
  handle({ data }: RecordedEvent<{ leaf: Leaf }>) {
    this.handled.push(data.leaf.colour);
  }
}

describeAnyDatabase('Timers that a test runner has replaced', (db) => {
  afterEach(() => jest.useRealTimers());

  it('keep neither a save nor drain from ending', async () => {
    const database = await db.options();
    const { app, dataSource, close } = await startApplication({
      database,
      entities: [Leaf],
      providers: [Leaves],
    });
    // Drivers wait for the next tick.
    jest.useFakeTimers({ doNotFake: ['nextTick'] });
    await dataSource.manager.save(Object.assign(new Leaf(), { colour: 'green' }));
    await drain(app);
    expect(app.get(Leaves).handled).toEqual(['green']);
    jest.useRealTimers();
    await close();
  });
});
