import { FollowerMethodTimeoutError } from './errors.js';
import type { FollowerDefinition } from './follower-definition.js';

/**
 * How long each event of a pass may take. One timer for all of them: it looks how long the one under way has taken, since a
 * timer for each would cost more than many an event.
 */
export class TimeLimit {
  private readonly own = new AbortController();
  private timer?: NodeJS.Timeout;
  private under = { position: 0, since: 0 };
  private readonly abort = () => this.own.abort(this.outer.reason);

  constructor(
    private readonly follower: Pick<FollowerDefinition, 'name' | 'timeout'>,
    private readonly outer: AbortSignal,
  ) {
    // `AbortSignal.any` would leave something of each pass on a signal that lives as long as the process.
    if (outer.aborted) this.abort();
    else outer.addEventListener('abort', this.abort, { once: true });
  }

  /** Aborted when an event takes longer, and when the outer one is, until `end`. */
  get signal(): AbortSignal {
    return this.own.signal;
  }

  /** An event begins. */
  begin(position: number): void {
    this.under = { position, since: performance.now() };
    this.timer ??= this.lookIn(this.follower.timeout);
  }

  /** No event is under way any more. */
  end(): void {
    clearTimeout(this.timer);
    this.outer.removeEventListener('abort', this.abort);
  }

  private lookIn(delay: number): NodeJS.Timeout {
    return setTimeout(() => this.look(), delay);
  }

  private look(): void {
    const { name, timeout } = this.follower;
    const left = timeout - (performance.now() - this.under.since);
    // A timer may be early by a part of a millisecond.
    if (left >= 1) this.timer = this.lookIn(left);
    else this.own.abort(new FollowerMethodTimeoutError(name, this.under.position, timeout));
  }
}
