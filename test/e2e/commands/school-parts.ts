import { Injectable } from '@nestjs/common';
import {
  Follower,
  type FollowerContext,
  On,
  OnReset,
  Projection,
  type RecordedEvent,
  upsert,
} from 'nestjs-once';
import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('command_trick_count')
export class TrickCount {
  @PrimaryColumn('varchar', { length: 100 }) trick: string;
  @Column('int') dogs: number;
}

@Injectable()
@Follower('TrickCounter', { follows: ['Dog.*'] })
export class TrickCounter {
  @On('Dog.TrickAdded')
  async count({ data: { trick } }: RecordedEvent<{ trick: string }>, { manager }: FollowerContext) {
    const known = await manager.findOneBy(TrickCount, { trick });
    await manager.save(TrickCount, { trick, dogs: (known?.dogs ?? 0) + 1 });
  }

  @OnReset()
  async reset({ manager }: FollowerContext) {
    await manager.createQueryBuilder().delete().from(TrickCount).execute();
  }
}

@Entity('command_trick_count_2')
export class TrickCount2 extends TrickCount {}

/** Fails where the environment says so. */
@Injectable()
@Follower('TrickCounter', { follows: ['Dog.*'], version: 2, retry: { maxRetries: 0 } })
@Projection(TrickCount2)
export class TrickCounter2 {
  @On('Dog.TrickAdded')
  async count({ data: { trick } }: RecordedEvent<{ trick: string }>, { manager }: FollowerContext) {
    if (trick === process.env.COMMAND_FAILING) throw new RangeError('not yet');
    const known = await manager.findOneBy(TrickCount2, { trick });
    return upsert<TrickCount2>({ trick, dogs: (known?.dogs ?? 0) + 1 });
  }
}

/** Keeps nothing that a reset could remove, and cannot stand one trick. */
@Injectable()
@Follower('Grumbler', { follows: ['Dog.*'], retry: { maxRetries: 0 } })
export class Grumbler {
  @On('Dog.*')
  grumble({ data }: RecordedEvent<{ trick?: string }>) {
    if (data.trick === 'howl') throw new RangeError('not at night');
  }
}
