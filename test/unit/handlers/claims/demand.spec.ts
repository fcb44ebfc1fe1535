import { Demand } from '../../../../lib/handlers/claims/demand.js';
import type { Handler } from '../../../../lib/handlers/handler-set.js';
import { type BoundHandler, type Run, Runs } from '../../../../lib/handlers/claims/runs.js';
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

  it('wants no more than can start of a handler whose claims had to wait, until it is quick again', () => {
    const { demand, runs, deliveries, one, two } = setUp();
    const waiting = deliveries(1, 20);
    demand.waited(waiting);
    expect(demand.quotas).toEqual([
      { handlerId: 1, take: 2 },
      { handlerId: 2, take: 12 },
    ]);
    const running = { delivery: waiting[0]!, handler: one.handler } as Run;
    runs.started(running);
    runs.add(waiting[1]!, 0);
    expect(demand.quotas.map(({ handlerId }) => handlerId)).toEqual([2]);
    expect(demand.wantsMoreOf(one)).toBe(false);
    runs.takeOlderThan(Infinity);
    // A slot is free that another handler had, too.
    expect([demand.wantsMoreOf(one), demand.wantsMoreOf(two)]).toEqual([true, true]);
    const full = { quotas: [{ handlerId: 1, take: 1 }], claimed: deliveries(1, 1) };
    demand.claimed(full.claimed, full.quotas);
    demand.claimed(full.claimed, full.quotas);
    expect(demand.quotas[0]!.take).toBe(11);
  });

  it('claims no more of a slow handler when another one is quick', () => {
    const { demand, deliveries } = setUp();
    for (let claims = 0; claims < 10; claims++)
      demand.claimed(deliveries(1, 12), [
        { handlerId: 1, take: 12 },
        { handlerId: 2, take: 12 },
      ]);
    expect(demand.quotas).toEqual([
      { handlerId: 1, take: 2002 },
      { handlerId: 2, take: 12 },
    ]);
  });

  it('counts what runs', () => {
    const { demand, runs, one, deliveries } = setUp();
    for (const delivery of deliveries(1, 2)) runs.started({ delivery, handler: one.handler } as Run);
    expect(demand.quotas[0]).toEqual({ handlerId: 1, take: 10 });
  });
});
