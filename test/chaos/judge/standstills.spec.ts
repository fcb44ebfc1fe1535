import { standstills } from './standstills.js';

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
