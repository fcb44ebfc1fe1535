import { Injectable } from '@nestjs/common';
import { Follower, type FollowerContext, On, type RecordedEvent } from 'nestjs-once';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { startApplication } from '../../support/application.js';
import { type DatabaseAddress, dataSourceOptionsFrom } from '../../support/data-source-options.js';

@Entity('system_entry')
export class Entry {
  @PrimaryGeneratedColumn()
  id: number;

  @Column('varchar', { length: 200 })
  key: string;
}

/** Collects a medal for each lesson, and a price for each medal that is one in five. */
@Injectable()
@Follower('Medals', { emits: ['Medal', 'Price'], batchSize: 7 })
export class Medals {
  @On('Lesson')
  lesson({ data: { n } }: RecordedEvent<{ n: number }>, { collect }: FollowerContext): void {
    collect({ group: 'Medal', data: { n } });
  }

  @On('Medal')
  medal({ data: { n } }: RecordedEvent<{ n: number }>, { collect }: FollowerContext): void {
    if (n % 5 === 0) collect({ group: 'Price', data: { n } });
  }
}

/** Writes down everything, in the order in which it is given it. */
@Injectable()
@Follower('Book', { emits: [], batchSize: 5 })
export class Book {
  @On('*')
  async enter({ key }: RecordedEvent, { manager }: FollowerContext): Promise<void> {
    await manager.insert(Entry, { key });
  }
}

export const FOLLOWERS = { Medals, Book };

if (process.send && process.argv[2] === 'follow') {
  const address = JSON.parse(process.argv[3]!) as DatabaseAddress;
  await startApplication({
    database: dataSourceOptionsFrom(address),
    entities: [Entry],
    providers: [FOLLOWERS[process.argv[4] as keyof typeof FOLLOWERS]],
    synchronize: false,
    options: { dispatch: 'background', worker: { pollInterval: 100 } },
  });
  process.send('follows');
}
