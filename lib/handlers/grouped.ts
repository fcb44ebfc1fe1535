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

  request(item: T): Promise<R> {
    return new Promise((done, fail) => {
      this.waiting.push({ item, done, fail });
      if (!this.inFlight) void this.flush();
    });
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
    try {
      const resultOf = await this.work(batch.map(({ item }) => item));
      for (const { item, done } of batch) done(resultOf(item));
    } catch (error) {
      for (const { fail } of batch) fail(error);
    }
  }
}
