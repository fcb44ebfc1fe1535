import { UnsettledPreclaims } from '../../../lib/handlers/unsettled-preclaims.js';

const EXPIRY = 30_000;
const ONE = { handlerId: 1, position: 1 };
const TWO = { handlerId: 1, position: 2 };

describe('UnsettledPreclaims', () => {
  const setUp = () => {
    const clock = { now: 0 };
    return { clock, preclaims: new UnsettledPreclaims(EXPIRY, () => clock.now) };
  };

  it('hands each out once', () => {
    const { preclaims } = setUp();
    preclaims.add(ONE);
    expect(preclaims.size).toBe(1);
    expect([preclaims.take(ONE), preclaims.take(ONE), preclaims.take(TWO)]).toEqual([true, false, false]);
    expect(preclaims.size).toBe(0);
  });

  it('asks for a look when a transaction has been open for a second', () => {
    const { clock, preclaims } = setUp();
    expect(preclaims.isOverdue).toBe(false);
    preclaims.add(ONE);
    clock.now = 999;
    expect(preclaims.isOverdue).toBe(false);
    clock.now = 1000;
    expect(preclaims.isOverdue).toBe(true);
    preclaims.take(ONE);
    expect(preclaims.isOverdue).toBe(false);
  });

  it('is told of a commit between two looks, or gives back what both have shown', () => {
    const { preclaims } = setUp();
    preclaims.add(ONE);
    preclaims.add(TWO);
    expect(preclaims.overdue([ONE, TWO])).toEqual([]);
    expect(preclaims.take(ONE)).toBe(true);
    expect(preclaims.overdue([ONE, TWO])).toEqual([TWO]);
    // Whoever is told of the commit now finds that it is not his any more.
    expect(preclaims.take(TWO)).toBe(false);
  });

  it('forgets what no look has shown for too long', () => {
    const { clock, preclaims } = setUp();
    preclaims.add(ONE);
    clock.now = EXPIRY;
    preclaims.overdue([]);
    expect(preclaims.size).toBe(1);
    clock.now = EXPIRY + 1;
    preclaims.overdue([]);
    expect(preclaims.size).toBe(0);
  });
});
