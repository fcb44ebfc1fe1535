import { beganBy, standstills } from './standstills.js';

describe('standstills', () => {
  const block = { what: 'made', fault: 'block', at: 100 };

  it('are what the process noted when it went on', () => {
    const entries = [block, { what: 'end', at: 2900 }, { what: 'still', from: 100, at: 2900 }];
    expect(standstills(entries, 9000)).toEqual([{ from: 100, to: 2900 }]);
  });

  it('last to the end of a process that was blocked and noted nothing after that', () => {
    const before = { what: 'still', from: 10, at: 50 };
    expect(standstills([before, block], 1700)).toEqual([
      { from: 10, to: 50 },
      { from: 100, to: 1700 },
    ]);
  });

  it('are not made up for a process that ended while it was idle, or after another fault', () => {
    expect(standstills([{ what: 'end', at: 100 }], 9000)).toEqual([]);
    expect(standstills([{ what: 'made', fault: 'slow', at: 100 }], 9000)).toEqual([]);
    expect(standstills([], 9000)).toEqual([]);
  });
});

describe('what a process began right after a suspension', () => {
  const suspended = { from: 100, to: 4100 };
  const start = { what: 'start', at: 4101 };

  it('is the start that it noted first', () => {
    const entries = [
      { what: 'end', at: 99 },
      { what: 'handed', at: 4100 },
      start,
      { what: 'start', at: 4102 },
    ];
    expect(beganBy(suspended, entries)).toEqual({ ...suspended, began: 4101 });
  });

  it('is nothing where it did something else before', () => {
    expect(beganBy(suspended, [{ what: 'still', at: 4100 }, start]).began).toBeUndefined();
    expect(beganBy(suspended, [{ what: 'start', at: 4000 }]).began).toBeUndefined();
  });
});
