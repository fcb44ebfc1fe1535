import { Injectable, type Type } from '@nestjs/common';
import {
  Follower,
  type FollowerContext,
  type FollowerOptions,
  Followers,
  On,
  OnReset,
  type RecordedEvent,
} from 'nestjs-once';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { startApplication } from '../../support/application.js';
import { type DatabaseAddress, dataSourceOptionsFrom } from '../../support/data-source-options.js';

export class Effect {
  @PrimaryGeneratedColumn()
  id: number;

  @Column()
  n: number;
}

@Entity()
export class EffectOfFirst extends Effect {}

@Entity()
export class EffectOfSecond extends Effect {}

/** One row for each event, and one event that it collects. */
export class Base {
  protected readonly effect: Type<Effect>;
  readonly seen: [n: number, replaying: boolean][] = [];
  failing = new Set<number>();
  before: (n: number) => Promise<void> = () => Promise.resolve();

  @On('Happened')
  async happened(
    { data: { n } }: RecordedEvent<{ n: number }>,
    { manager, collect, replaying }: FollowerContext,
  ): Promise<void> {
    await manager.insert(this.effect, { n });
    collect({ group: 'Acted', data: { n } });
    await this.before(n);
    if (this.failing.has(n)) throw new Error(`${n} is refused`);
    this.seen.push([n, replaying]);
  }

  @OnReset()
  async reset({ manager }: FollowerContext): Promise<void> {
    await manager.createQueryBuilder().delete().from(this.effect).execute();
  }
}

const OPTIONS: FollowerOptions = { batchSize: 2, rebuildBatchSize: 4, retry: { maxRetries: 0 } };

@Injectable()
@Follower('Effects', OPTIONS)
export class First extends Base {
  protected override readonly effect = EffectOfFirst;
}

@Injectable()
@Follower('Effects', { ...OPTIONS, onError: 'park' })
export class FirstParking extends Base {
  protected override readonly effect = EffectOfFirst;
}

@Injectable()
@Follower('Effects', { ...OPTIONS, version: 2 })
export class Second extends Base {
  protected override readonly effect = EffectOfSecond;
}

// In a child process, it is killed by the parent between an effect and its commit.
if (process.send && process.argv[2] === 'rebuild') {
  const address = JSON.parse(process.argv[3]!) as DatabaseAddress;
  const { app } = await startApplication({
    database: dataSourceOptionsFrom(address),
    entities: [EffectOfFirst, EffectOfSecond],
    providers: [Second],
    synchronize: false,
  });
  app.get(Second).before = async (n) => {
    if (n !== Number(process.argv[4])) return;
    process.send!('held');
    await new Promise(() => undefined);
  };
  await app.get(Followers).rebuild('Effects');
}
