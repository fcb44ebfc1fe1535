import { AsyncLocalStorage } from 'node:async_hooks';
import type { AppendedEvent } from '../store/commits/appended-event.js';

export interface InlineSeriesParts {
  /** One attempt each of the handlers of these events, and what these emit. */
  readonly handle: (positions: readonly number[]) => Promise<void>;
  /** Has followers go on that take any of these events. */
  readonly follow: (events: readonly AppendedEvent[]) => Promise<void>;
  readonly failed: (error: unknown) => void;
  /** Calls it outside of the context of whoever calls. */
  readonly detached: <T>(work: () => T) => T;
}

/** What is to be done before one save resolves. */
class Series {
  /** Recorded since followers were last called. */
  events: AppendedEvent[] = [];
  handling: Promise<void>[] = [];
  /** What runs in an ordered round has to be known as such where a follower's pass starts handlers. */
  readonly inCaller = AsyncLocalStorage.snapshot() as <T>(work: () => T) => T;
}

/**
 * `dispatch: 'inline'`, of handlers and followers together: after a commit, the handlers of its events, then the followers that take
 * them, then the handlers and followers of what these have collected, until nothing is left.
 *
 * A pass of a follower waits for nothing but its own work: what is committed while one runs is left to the series that runs it.
 * Two passes of a follower exclude each other, so that one which waited for handlers might wait for itself.
 */
export class InlineSeries {
  private readonly current = new AsyncLocalStorage<Series>();

  constructor(private readonly parts: InlineSeriesParts) {}

  /** Resolves when everything that these events cause had one attempt; at once inside of a series, which goes on with them. */
  async committed(events: readonly AppendedEvent[]): Promise<void> {
    const outer = this.current.getStore();
    const series = outer ?? new Series();
    this.add(series, events);
    if (!outer) await this.finish(series);
  }

  /** Runs passes of followers, and then what they cause. Throws what `work` throws. */
  async around<T>(work: () => Promise<T>): Promise<T> {
    const outer = this.current.getStore();
    if (outer) return this.within(outer, work);
    const series = new Series();
    try {
      return await this.within(series, work);
    } finally {
      await this.finish(series);
    }
  }

  /** Handlers first, and at once: what comes behind these events in their order keys may be asked for already. */
  private add(series: Series, events: readonly AppendedEvent[]): void {
    const positions = events.map(({ position }) => position);
    series.events.push(...events);
    series.handling.push(
      series.inCaller(() => this.parts.handle(positions)).catch((error: unknown) => this.parts.failed(error)),
    );
  }

  private async finish(series: Series): Promise<void> {
    for (;;) {
      await Promise.all(series.handling.splice(0));
      const events = series.events.splice(0);
      if (events.length === 0) return;
      await this.within(series, () => this.parts.follow(events)).catch((error: unknown) =>
        this.parts.failed(error),
      );
    }
  }

  private within<T>(series: Series, work: () => Promise<T>): Promise<T> {
    return this.parts.detached(() => this.current.run(series, work));
  }
}
