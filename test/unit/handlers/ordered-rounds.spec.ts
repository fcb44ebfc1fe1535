import { OrderedRounds } from '../../../lib/handlers/inline/ordered-rounds.js';
import { deferred } from '../../support/deferred.js';

const HANDLER = 1;

describe('OrderedRounds', () => {
  /** Positions that may be run, by what they wait for. */
  const roundsOf = (waits: Record<number, number>, work: (position: number) => unknown = () => undefined) => {
    const ran: number[] = [];
    const asked: number[][] = [];
    const rounds = new OrderedRounds(async (_, positions) => {
      asked.push([...positions]);
      const free = positions.filter((p) => !ran.includes(p) && (!waits[p] || ran.includes(waits[p])));
      for (const position of free) {
        await work(position);
        ran.push(position);
      }
      return free;
    });
    return { rounds, ran, asked };
  };

  it('goes on until nothing more can be run', async () => {
    const { rounds, ran, asked } = roundsOf({ 2: 1, 3: 2, 5: 99 });
    await rounds.run(HANDLER, [3, 2, 1, 4, 5], true);
    expect(ran).toEqual([1, 4, 2, 3]);
    expect(asked.at(-1)).toEqual([5]);
  });

  it('asks for nothing where nothing is left', async () => {
    const { rounds, asked } = roundsOf({});
    await rounds.run(HANDLER, [1], true);
    await rounds.run(HANDLER, [], true);
    expect(asked).toEqual([[1]]);
  });

  it('runs what joins, also at the very end, for those who wait for it', async () => {
    const going = deferred();
    const { rounds, ran } = roundsOf({ 2: 1 }, () => going.promise);
    const first = rounds.run(HANDLER, [1], true);
    const joined = rounds.run(HANDLER, [2], true);
    going.resolve();
    await joined;
    expect(ran).toEqual([1, 2]);
    await first;
    await rounds.run(HANDLER, [3], true);
    expect(ran).toEqual([1, 2, 3]);
  });

  it('knows what is called from inside, which does not wait for itself', async () => {
    const inside: boolean[] = [];
    const { rounds, ran } = roundsOf({ 2: 1 }, async (position) => {
      inside.push(rounds.isInside);
      if (position === 1) await rounds.run(HANDLER, [2], !rounds.isInside);
    });
    await rounds.run(HANDLER, [1], !rounds.isInside);
    expect(ran).toEqual([1, 2]);
    expect(inside).toEqual([true, true]);
    expect(rounds.isInside).toBe(false);
  });

  it('passes a failure on to all who wait, and begins anew', async () => {
    let broken = true;
    const rounds = new OrderedRounds(async (_, positions) => {
      if (broken) throw new Error('no database');
      return [...positions];
    });
    const [one, two] = [rounds.run(HANDLER, [1], true), rounds.run(HANDLER, [2], true)];
    await expect(one).rejects.toThrow('no database');
    await expect(two).rejects.toThrow('no database');
    broken = false;
    await rounds.run(HANDLER, [1], true);
  });
});
