// The real one, also where a test runner has put another in its place: what waits for it would wait for ever.
import { setImmediate } from 'node:timers';
/** Items for one statement. */
const MOST = 1000;

interface Waiting<T, R> {
  item: T;
  done: (result: R) => void;
  fail: (error: unknown) => void;
}

/** Groups what is asked for into one statement while the last one is in flight. */
export class Grouped<T, R> {
  private waiting: Waiting<T, R>[] = [];
  private inFlight = false;

  /** `work` does it for all of the items, and returns what came of each. */
  constructor(private readonly work: (items: readonly T[]) => Promise<(item: T) => R>) {}

  /** Calls back, one of the two, and neither of them before this has returned. */
  ask(item: T, done: (result: R) => void, fail: (error: unknown) => void): void {
    this.waiting.push({ item, done, fail });
    if (!this.inFlight) void this.flush();
  }

  request(item: T): Promise<R> {
    return new Promise((done, fail) => this.ask(item, done, fail));
  }

  private async flush(): Promise<void> {
    this.inFlight = true;
    while (this.waiting.length > 0) {
      // What is asked for in the same turn of the loop goes into the same statement.
      await new Promise((resolve) => setImmediate(resolve));
      await this.send(this.waiting.splice(0, MOST));
    }
    this.inFlight = false;
  }

  private async send(batch: readonly Waiting<T, R>[]): Promise<void> {
    const answer = await this.answer(batch);
    for (const waiting of batch) {
      try {
        answer(waiting);
      } catch (error) {
        // Uncaught, as what a promise's callback throws is; the others are told all the same.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  private async answer(batch: readonly Waiting<T, R>[]): Promise<(waiting: Waiting<T, R>) => void> {
    try {
      const resultOf = await this.work(batch.map(({ item }) => item));
      return ({ item, done }) => done(resultOf(item));
    } catch (error) {
      return ({ fail }) => fail(error);
    }
  }
}
