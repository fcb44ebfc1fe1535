import type { DeliveryId } from '../store/dialect.js';
import { keyOf } from './delivery-key.js';

interface Waiting {
  id: DeliveryId;
  done: (held: boolean) => void;
  fail: (error: unknown) => void;
}

/** Groups acknowledgements into one statement while the last one is in flight. */
export class Acknowledger {
  private waiting: Waiting[] = [];
  private inFlight = false;

  /** `complete` marks deliveries succeeded and returns those that the worker still held. */
  constructor(private readonly complete: (ids: readonly DeliveryId[]) => Promise<readonly DeliveryId[]>) {}

  /** Resolves when the delivery is marked: false when the worker held it no more. */
  acknowledge(id: DeliveryId): Promise<boolean> {
    return new Promise((done, fail) => {
      this.waiting.push({ id, done, fail });
      if (!this.inFlight) void this.flush();
    });
  }

  private async flush(): Promise<void> {
    this.inFlight = true;
    while (this.waiting.length > 0) {
      // What ends in the same turn of the loop goes into the same statement.
      await new Promise((resolve) => setImmediate(resolve));
      await this.send(this.waiting.splice(0, 500));
    }
    this.inFlight = false;
  }

  private async send(batch: Waiting[]): Promise<void> {
    try {
      const held = await this.complete(batch.map(({ id }) => id));
      const keys = held.length < batch.length ? new Set(held.map(keyOf)) : undefined;
      for (const { id, done } of batch) done(keys?.has(keyOf(id)) ?? true);
    } catch (error) {
      for (const { fail } of batch) fail(error);
    }
  }
}

/** One for each lease: a worker that lost its lease goes on under another id. */
export class Acknowledgers {
  private current?: { workerId: number; acknowledger: Acknowledger };

  constructor(
    private readonly complete: (
      workerId: number,
      ids: readonly DeliveryId[],
    ) => Promise<readonly DeliveryId[]>,
  ) {}

  of(workerId: number): Acknowledger {
    if (this.current?.workerId !== workerId) {
      this.current = { workerId, acknowledger: new Acknowledger((ids) => this.complete(workerId, ids)) };
    }
    return this.current.acknowledger;
  }
}
