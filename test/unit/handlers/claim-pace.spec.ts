import { jest } from '@jest/globals';
import { ClaimPace } from '../../../lib/handlers/claim-pace.js';
import type { BoundHandler } from '../../../lib/handlers/runs.js';
import type { ClaimedDelivery } from '../../../lib/store/rows.js';

const ORDERED = 3;

describe('ClaimPace', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  const setUp = () => {
    const claims: number[] = [];
    const handlers = [{ id: 1 }, { id: 2 }, { id: ORDERED, keyed: true }] as BoundHandler[];
    const pace = new ClaimPace(
      () => claims.push(Date.now()),
      () => handlers,
    );
    /** What a claim of 20 found: ids of handlers. */
    const found = (...handlerIds: number[]) =>
      pace.found(handlerIds.map((handlerId) => ({ handlerId })) as ClaimedDelivery[], [
        { handlerId: 1, take: 20 },
      ]);
    const pause = () => {
      const before = Date.now();
      jest.runAllTimers();
      return Date.now() - before;
    };
    return { claims, pace, found, pause };
  };

  it('waits longer and longer while deliveries keep coming a few at a time', () => {
    const { claims, found, pause } = setUp();
    const pauses = Array.from({ length: 7 }, () => {
      found(1, 1);
      return pause();
    });
    expect(pauses).toEqual([1, 2, 4, 8, 16, 16, 16]);
    expect(claims).toHaveLength(7);
  });

  it.each([
    ['nothing', []],
    ['one of each handler', [1, 2]],
    ['as many as were asked for', Array.from({ length: 20 }, () => 1)],
    ['what waits in order keys', [ORDERED, ORDERED]],
  ])('does not wait after a claim that found %s, and begins anew then', (_, handlerIds) => {
    const { claims, pace, found, pause } = setUp();
    for (let n = 0; n < 3; n++) {
      found(1, 1);
      pause();
    }
    found(...handlerIds);
    expect(pace.isWaiting).toBe(false);
    expect(claims).toHaveLength(3);
    found(1, 1);
    expect(pace.isWaiting).toBe(true);
    expect(pause()).toBe(1);
  });
});
