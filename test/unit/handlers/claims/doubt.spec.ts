import { Doubt } from '../../../../lib/handlers/claims/doubt.js';
import { deferred } from '../../../support/deferred.js';

const LASTS = 30_000;

describe('Doubt', () => {
  const setUp = () => {
    const looks: number[] = [];
    const clock = { now: 0 };
    const doubt = new Doubt(LASTS, () => clock.now);
    const look = (found = 0) =>
      doubt.look(async () => {
        looks.push(clock.now);
        return found;
      });
    const fail = () => expect(doubt.unlessAnswered(() => Promise.reject(new Error('cut')))).rejects.toThrow();
    return { looks, clock, doubt, look, fail };
  };

  it('looks at nothing as long as every statement is answered', async () => {
    const { looks, doubt, look } = setUp();
    await expect(doubt.unlessAnswered(async () => 'answer')).resolves.toBe('answer');
    await look();
    expect(looks).toEqual([]);
  });

  it('looks now and then, also without any doubt', async () => {
    const { looks, clock, look } = setUp();
    for (clock.now of [LASTS - 1, LASTS, LASTS + 1, 2 * LASTS - 1, 2 * LASTS]) await look();
    expect(looks).toEqual([LASTS, 2 * LASTS]);
  });

  it('looks every second while somebody suspects something', async () => {
    const { looks, clock, doubt, look } = setUp();
    clock.now = 5000;
    doubt.suspect();
    await look();
    clock.now = 5500;
    doubt.suspect();
    await look();
    clock.now = 6000;
    await look();
    expect(looks).toEqual([5000, 6000]);
  });

  it('looks every second after a statement that failed, until nothing is found late enough', async () => {
    const { looks, clock, look, fail } = setUp();
    clock.now = 1000;
    await fail();
    for (const [now, found] of [
      [1000, 1],
      [1999, 0],
      [2000, 0],
      [31_000, 2],
      [32_000, 0],
      [33_000, 0],
    ] as const) {
      clock.now = now;
      await look(found);
    }
    expect(looks).toEqual([1000, 2000, 31_000, 32_000]);
  });

  it('does not look while a statement is under way, whose result nobody knows yet', async () => {
    const { looks, doubt, look, fail } = setUp();
    await fail();
    const claim = deferred();
    const claimed = doubt.unlessAnswered(() => claim.promise);
    await look();
    expect(looks).toEqual([]);
    claim.resolve();
    await claimed;
    await look();
    expect(looks).toEqual([0]);
  });

  it('goes on when a further statement fails during a look', async () => {
    const { clock, doubt, look, looks, fail } = setUp();
    await fail();
    clock.now = LASTS;
    await doubt.look(async () => {
      clock.now = LASTS + 1;
      await fail();
      return 0;
    });
    await look();
    expect(looks).toEqual([LASTS + 1]);
  });

  it('ends with the lease', async () => {
    const { doubt, look, looks, fail } = setUp();
    await fail();
    doubt.dispel();
    await look();
    expect(looks).toEqual([]);
  });
});
