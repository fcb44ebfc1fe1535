import { Demand } from '../../../../lib/handlers/claims/demand.js';
import type { Execution } from '../../../../lib/handlers/attempt/executor.js';
import type { Handler } from '../../../../lib/handlers/handler-set.js';
import { type BoundHandler, Runs } from '../../../../lib/handlers/claims/runs.js';
import type { ClaimedDelivery } from '../../../../lib/store/ports/rows.js';

describe('Demand', () => {
  const setUp = () => {
    const handler = { concurrency: 2 } as Handler;
    const [one, two]: [BoundHandler, BoundHandler] = [
      { id: 1, handler },
      { id: 2, handler },
    ];
    const runs = new Runs({ concurrency: 4, transactional: 4 });
    const demand = new Demand(runs, () => [one, two]);
    const deliveries = (handlerId: number, count: number) =>
      Array.from({ length: count }, (_, position) => ({ handlerId, position }) as ClaimedDelivery);
    /** A claim for which so many of handler 1 are due, and none of handler 2. */
    const claim = (due: number) => {
      const { quotas } = demand;
      demand.asking(quotas);
      const take = quotas.find(({ handlerId }) => handlerId === 1)?.take ?? 0;
      demand.claimed(deliveries(1, Math.min(due, take)), quotas);
    };
    return { one, two, runs, demand, deliveries, claim };
  };

  it('wants as many as a buffer holds, beside what can run at once', () => {
    const { demand } = setUp();
    expect(demand.quotas).toEqual([
      { handlerId: 1, take: 12 },
      { handlerId: 2, take: 12 },
    ]);
  });

  it('wants nothing of a handler whose buffer is half full', () => {
    const { demand, runs, deliveries } = setUp();
    for (const delivery of deliveries(1, 7)) runs.add(delivery, 0);
    expect(demand.quotas.map(({ handlerId }) => handlerId)).toEqual([2]);
  });

  it('has no reason to ask again after a claim that took all there was', () => {
    const { demand, one, two, claim } = setUp();
    claim(100);
    expect([demand.wantsMoreOf(one), demand.wantsMoreOf(two)]).toEqual([true, false]);
    claim(5);
    expect([demand.wantsMoreOf(one), demand.wantsMoreOf(two)]).toEqual([false, false]);
  });

  it('asks again when there is room, of a handler for which there was none when something may have come', () => {
    const { demand, one, runs, deliveries, claim } = setUp();
    claim(0);
    for (const delivery of deliveries(1, 7)) runs.add(delivery, 0);
    claim(0);
    expect(demand.wantsMoreOf(one)).toBe(false);
    runs.takeOlderThan(Infinity);
    expect(demand.wantsMoreOf(one)).toBe(true);
  });

  it('counts what runs', () => {
    const { demand, runs, one, deliveries } = setUp();
    for (const delivery of deliveries(1, 2)) runs.started({ delivery, handler: one.handler } as Execution);
    expect(demand.quotas[0]).toEqual({ handlerId: 1, take: 10 });
  });
});
