import { Aggregate, AggregateEvent, AggregateType } from 'nestjs-once';
import { digestAfter } from './plan.js';

/** An aggregate whose every event says which state it was decided on. */
@AggregateType('Tally')
export class Tally extends Aggregate {
  digest = 0;

  /** Adds a mark, which is unique in a run. */
  add(mark: string): void {
    this.marked({ mark, seen: this.digest });
  }

  @AggregateEvent('Marked')
  protected marked({ mark }: { mark: string; seen: number }): void {
    this.digest = digestAfter(this.digest, mark);
  }
}
