import type { DeliveryId } from '../../store/ports/dialect.js';
import { keyOf } from '../delivery-key.js';
import { Grouped } from '../../runtime/grouped.js';

/** Groups acknowledgements into one statement while the last one is in flight. */
export class Acknowledger {
  private readonly grouped: Grouped<DeliveryId, boolean>;

  /** `complete` marks deliveries succeeded and returns those that the worker still held. */
  constructor(complete: (ids: readonly DeliveryId[]) => Promise<readonly DeliveryId[]>) {
    this.grouped = new Grouped(async (ids) => {
      const held = await complete(ids);
      if (held.length >= ids.length) return () => true;
      const keys = new Set(held.map(keyOf));
      return (id) => keys.has(keyOf(id));
    });
  }

  /** Calls back when the delivery is marked, with false when the worker held it no more; or when that failed. */
  acknowledge(id: DeliveryId, marked: (held: boolean) => void, failed: (error: unknown) => void): void {
    this.grouped.ask(id, marked, failed);
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
