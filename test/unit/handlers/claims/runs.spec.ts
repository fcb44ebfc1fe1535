import type { Handler } from '../../../../lib/handlers/handler-set.js';
import { type BoundHandler, mayStart, type Run, Runs } from '../../../../lib/handlers/claims/runs.js';
import { claimQuota, Prefetch } from '../../../../lib/handlers/claims/demand.js';
import type { ClaimedDelivery } from '../../../../lib/store/ports/rows.js';

const bound = (id: number, options: Partial<Handler> = {}): BoundHandler => ({
  id,
  handler: { name: `h${id}`, concurrency: 100, transactional: false, ...options } as Handler,
});
const delivery = (handlerId: number, position: number) => ({ handlerId, position }) as ClaimedDelivery;

describe('mayStart', () => {
  it('keeps a slot for each idle handler, up to half of all', () => {
    expect(mayStart({ running: 8, concurrency: 10 }, 10, 8, 1)).toBe(true);
    expect(mayStart({ running: 9, concurrency: 10 }, 10, 9, 1)).toBe(false);
    expect(mayStart({ running: 5, concurrency: 10 }, 10, 5, 20)).toBe(false);
    expect(mayStart({ running: 4, concurrency: 10 }, 10, 4, 20)).toBe(true);
  });

  it('lets a handler that has nothing running start where there is a slot', () => {
    expect(mayStart({ running: 0, concurrency: 1 }, 10, 9, 5)).toBe(true);
    expect(mayStart({ running: 0, concurrency: 1 }, 10, 10, 0)).toBe(false);
  });

  it("keeps the handler's own limit", () => {
    expect(mayStart({ running: 2, concurrency: 2 }, 10, 2, 0)).toBe(false);
  });
});

describe('Runs', () => {
  const started = (runs: Runs, handlers: BoundHandler[]) => {
    const order: string[] = [];
    for (let next = runs.next(handlers); next; next = runs.next(handlers)) {
      order.push(`${next.bound.id}:${next.delivery.position}`);
      runs.started({ delivery: next.delivery, handler: next.bound.handler } as Run);
    }
    return order;
  };

  it('takes turns between handlers, each in order', () => {
    const runs = new Runs({ concurrency: 4, transactional: 4 });
    const handlers = [bound(1), bound(2)];
    for (const position of [1, 2, 3, 4]) runs.add(delivery(1, position), 0);
    for (const position of [1, 2]) runs.add(delivery(2, position), 0);
    expect(started(runs, handlers)).toEqual(['1:1', '2:1', '1:2', '2:2']);
    expect(runs.buffered).toBe(2);
  });

  it('keeps a connection for transactional handlers that have nothing running', () => {
    const runs = new Runs({ concurrency: 10, transactional: 4 });
    const handlers = [bound(1, { transactional: true }), bound(2, { transactional: true }), bound(3)];
    for (let position = 1; position < 9; position++) runs.add(delivery(1, position), 0);
    expect(started(runs, handlers)).toHaveLength(3);
    runs.add(delivery(2, 1), 0);
    expect(started(runs, handlers)).toEqual(['2:1']);
  });

  it('gives back what has waited', () => {
    const runs = new Runs({ concurrency: 1, transactional: 1 });
    runs.add(delivery(1, 1), 10);
    runs.add(delivery(1, 2), 20);
    expect(runs.takeOlderThan(20)).toEqual([delivery(1, 1)]);
    expect(runs.bufferedOf(1)).toBe(1);
    expect(runs.takeOlderThan(Infinity)).toEqual([delivery(1, 2)]);
  });
});

describe('claiming ahead', () => {
  it('takes out one that waits, and tells which wait', () => {
    const runs = new Runs({ concurrency: 3, transactional: 1 });
    for (const position of [1, 2]) runs.add(delivery(1, position), 0);
    expect(runs.free).toBe(1);
    expect(runs.take({ handlerId: 2, position: 1 })).toBeUndefined();
    expect(runs.take({ handlerId: 1, position: 1 })).toEqual(delivery(1, 1));
    expect(runs.ahead).toEqual([delivery(1, 2)]);
    expect(runs.free).toBe(2);
  });

  it('fills the buffer and what is free to run', () => {
    expect(claimQuota({ running: 0, concurrency: 5 }, 0, 10)).toBe(15);
    expect(claimQuota({ running: 5, concurrency: 5 }, 10, 10)).toBe(0);
    expect(claimQuota({ running: 0, concurrency: 20 }, 0, 10)).toBe(40);
  });

  it('grows while full claims follow each other quickly, and shrinks when they come back short', () => {
    const prefetch = new Prefetch();
    prefetch.claimed(20, 20, 0);
    expect(prefetch.size).toBe(10);
    for (let time = 10; time < 100; time += 10) prefetch.claimed(20, 20, time);
    expect(prefetch.size).toBe(2000);
    prefetch.claimed(1, 2000, 200);
    expect(prefetch.size).toBe(1000);
  });
});
