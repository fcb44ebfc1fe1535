import { Abortable } from './abortable.js';
import type { Cancellation } from '../../runtime/cancellation.js';
import { HandlerTimeoutError } from '../errors.js';
import type { Handler } from '../handler-set.js';
import type { Outcome } from './settlement.js';

/** Begun in this turn of the loop. */
const begun: Timed[] = [];

/**
 * Work that is aborted when it takes longer than its handler's timeout, counted from the end of the turn of the loop in
 * which it began: what ends within that turn, as quick handlers do, needs no timer.
 */
export class Timed extends Abortable {
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly handler: Handler,
    cancellation: Cancellation,
    ended: (outcome: Outcome) => void,
  ) {
    super(cancellation, ended);
  }

  override begin(work: () => unknown): void {
    super.begin(work);
    if (begun.push(this) === 1) setImmediate(limitAll);
  }

  limit(): void {
    if (this.isOver) return;
    const { name, timeout } = this.handler;
    this.timer = setTimeout(() => this.cancellation.abort(new HandlerTimeoutError(name, timeout)), timeout);
  }

  protected override end(): boolean {
    clearTimeout(this.timer);
    return super.end();
  }
}

function limitAll(): void {
  for (const work of begun.splice(0)) work.limit();
}
