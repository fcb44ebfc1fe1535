import { Injectable } from '@nestjs/common';
import { Follower, type FollowerContext, On, type RecordedEvent } from 'nestjs-once';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { startApplication } from '../../support/application.js';
import { type DatabaseAddress, dataSourceOptionsFrom } from '../../support/data-source-options.js';

@Entity()
export class Effect {
  @PrimaryGeneratedColumn()
  id: number;

  @Column()
  n: number;
}

/** In a child process, it is killed by the parent between an effect and its commit. */
@Injectable()
@Follower('Effects', { batchSize: 3 })
export class Effects {
  static holdAt = Infinity;

  @On('Happened')
  async happened(
    { data: { n } }: RecordedEvent<{ n: number }>,
    { manager, collect }: FollowerContext,
  ): Promise<void> {
    await manager.insert(Effect, { n });
    collect({ group: 'Followed', data: { n } });
    if (n !== Effects.holdAt) return;
    process.send!('held');
    await new Promise(() => undefined);
  }
}

if (process.send && process.argv[2] === 'follow') {
  const address = JSON.parse(process.argv[3]!) as DatabaseAddress;
  Effects.holdAt = Number(process.argv[4]);
  await startApplication({
    database: dataSourceOptionsFrom(address),
    entities: [Effect],
    providers: [Effects],
    synchronize: false,
    options: { dispatch: 'background', worker: { lease: 1000 } },
  });
}
