import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { EventHandler, type HandlerContext, type RecordedEvent } from 'nestjs-once';
import type { Repository } from 'typeorm';
import { Tally } from './tally.entity.js';

@Injectable()
export class Tallies {
  constructor(@InjectRepository(Tally) private readonly tallies: Repository<Tally>) {}

  /** Transactional: a total cannot count an event twice, nor miss one. */
  @EventHandler('site.*', { transactional: true })
  async count({ group: name }: RecordedEvent, { manager }: HandlerContext): Promise<void> {
    await manager.createQueryBuilder().insert().into(Tally).values({ name }).orIgnore().execute();
    await manager.increment(Tally, { name }, 'total', 1);
  }

  all(): Promise<Tally[]> {
    return this.tallies.find({ order: { name: 'ASC' } });
  }
}
