import { Injectable } from '@nestjs/common';
import { Follower, type FollowerContext, On, OnReset, type RecordedEvent } from 'nestjs-once';
import { TrickCount } from './trick-count.entity.js';

/** Counts how many dogs have learnt each trick. The count and the follower's position commit together. */
@Injectable()
@Follower('TrickCounter', { follows: ['Dog.*'] })
export class TrickCounter {
  @On('Dog.TrickAdded')
  async count(
    { data: { trick } }: RecordedEvent<{ trick: string }>,
    { manager }: FollowerContext,
  ): Promise<void> {
    const known = await manager.findOneBy(TrickCount, { trick });
    await manager.save(TrickCount, { trick, dogs: (known?.dogs ?? 0) + 1 });
  }

  @OnReset()
  async reset({ manager }: FollowerContext): Promise<void> {
    await manager.createQueryBuilder().delete().from(TrickCount).execute();
  }
}
