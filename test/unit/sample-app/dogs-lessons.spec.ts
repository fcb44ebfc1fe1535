import { told, totalsOf } from '../../../sample-app/demo/dogs-lessons.js';

describe('the totals that the demo of the dogs expects', () => {
  it('are how many dogs have learnt each trick, whenever they did', () => {
    const totals = totalsOf({ Fido: ['sit', 'stay'] }, { Rex: ['sit'] });
    expect(totals).toEqual({ sit: 2, stay: 1 });
    expect(told(totals)).toBe('sit: 2, stay: 1');
    expect(told({ b: 1, a: 1 })).toBe(told({ a: 1, b: 1 }));
    expect(told({})).toBe('none');
  });
});
