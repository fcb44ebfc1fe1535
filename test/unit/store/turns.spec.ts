import { setImmediate as turn } from 'node:timers/promises';
import { Turns } from '../../../lib/store/log/turns.js';
import { deferred } from '../../support/deferred.js';

describe('turns', () => {
  const started: string[] = [];
  beforeEach(() => started.splice(0));

  const work = (name: string) => {
    const end = deferred<string>();
    return {
      end,
      run: () => {
        started.push(name);
        return end.promise;
      },
    };
  };

  it('come one after another for each number, in the order in which they were asked for', async () => {
    const turns = new Turns();
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(work);
    const all = [
      turns.take([1, 2], 5000, a!.run),
      turns.take([2, 3], 5000, b!.run),
      turns.take([3, 1], 5000, c!.run),
      turns.take([4], 5000, d!.run),
    ];
    await turn();
    expect(started).toEqual(['a', 'd']);
    expect(turns.isTaken([5, 3])).toBe(true);
    expect(turns.isTaken([5])).toBe(false);
    a!.end.resolve('A');
    await turn();
    expect(started).toEqual(['a', 'd', 'b']);
    b!.end.reject(new RangeError('no'));
    await expect(all[1]).rejects.toThrow(RangeError);
    await turn();
    expect(started).toEqual(['a', 'd', 'b', 'c']);
    c!.end.resolve('C');
    d!.end.resolve('D');
    expect(await Promise.all([all[0], all[2], all[3]])).toEqual(['A', 'C', 'D']);
    await turn();
    expect(turns.isTaken([1, 2, 3, 4])).toBe(false);
  });

  it('are given up after a time, and nobody comes before those that were there first', async () => {
    const turns = new Turns();
    const [a, b, c] = ['a', 'b', 'c'].map(work);
    const first = turns.take([1], 5000, a!.run);
    await expect(turns.take([1], 1, b!.run)).rejects.toMatchObject({ name: 'NoAnswerError' });
    const last = turns.take([1], 5000, c!.run);
    await turn();
    expect(started).toEqual(['a']);
    a!.end.resolve('A');
    c!.end.resolve('C');
    expect(await Promise.all([first, last])).toEqual(['A', 'C']);
    expect(started).toEqual(['a', 'c']);
  });
});
