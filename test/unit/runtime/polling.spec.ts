import { jest } from '@jest/globals';
import { nextPoll, Polling, type PollingParts } from '../../../lib/runtime/polling.js';

describe('nextPoll', () => {
  it('is soon after something was found, then later and later, up to the interval', () => {
    const pauses = [true, false, false, false, false, false, false, false, false].reduce<number[]>(
      (all, found) => [...all, nextPoll(all.at(-1) ?? 1000, found, 1000)],
      [],
    );
    expect(pauses).toEqual([10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
  });

  it('is never later than the interval', () => {
    expect([nextPoll(5, true, 5), nextPoll(5, false, 5)]).toEqual([5, 5]);
  });
});

describe('Polling', () => {
  /** What happened, each with its time. */
  let told: string[];
  let answers: (number | undefined)[];

  const polling = (parts: Partial<PollingParts> = {}) => {
    const start = performance.now();
    const note = (what: string) => told.push(`${what} at ${Math.round(performance.now() - start)}`);
    return new Polling({
      interval: 1000,
      isTold: () => false,
      look: async () => {
        note('look');
        return answers.shift();
      },
      hasRoom: () => true,
      wake: () => note('wake'),
      ...parts,
    });
  };

  beforeEach(() => {
    jest.useFakeTimers();
    told = [];
    answers = [];
  });

  afterEach(() => jest.useRealTimers());

  it('looks between the regular looks while there is something, and less and less when there is not', async () => {
    answers = [-3, undefined];
    polling().saw(0);
    await jest.advanceTimersByTimeAsync(3000);
    expect(told).toEqual([
      'wake at 0',
      'look at 10',
      'wake at 10',
      ...[20, 40, 80, 160, 320, 640, 1280].map((time) => `look at ${time}`),
    ]);
  });

  it('leaves it to the regular looks when nothing was found', async () => {
    polling().saw(undefined);
    await jest.advanceTimersByTimeAsync(3000);
    expect(told).toEqual([]);
  });

  it('does not look more often where others tell what they record', async () => {
    polling({ isTold: () => true }).saw(0);
    await jest.advanceTimersByTimeAsync(3000);
    expect(told).toEqual(['wake at 0']);
  });

  it.each([true, false])(
    'looks when something becomes due before the next look (told: %s)',
    async (isTold) => {
      answers = [0];
      polling({ isTold: () => isTold }).saw(250);
      await jest.advanceTimersByTimeAsync(255);
      expect(told).toEqual(['look at 250', 'wake at 250']);
    },
  );

  it('does not ask a clock that stands still on and on', async () => {
    answers = [1, 1, 1];
    polling({ isTold: () => true }).saw(1);
    await jest.advanceTimersByTimeAsync(35);
    expect(told).toEqual(['look at 10', 'look at 20', 'look at 30']);
  });

  it('does not look while there is no room for more', async () => {
    let room = false;
    const busy = polling({ hasRoom: () => room });
    busy.saw(0);
    await jest.advanceTimersByTimeAsync(25);
    expect(told).toEqual(['wake at 0', 'wake at 10', 'wake at 20']);
    room = true;
    await jest.advanceTimersByTimeAsync(10);
    expect(told.at(-1)).toBe('look at 30');
  });

  it('takes a look that failed for one that found nothing', async () => {
    let looks = 0;
    const look = async (): Promise<undefined> => {
      looks++;
      throw new Error('no route to host');
    };
    polling({ look }).saw(0);
    await jest.advanceTimersByTimeAsync(3000);
    expect(looks).toBe(7);
  });

  it('ends', async () => {
    const ended = polling();
    ended.saw(0);
    ended.stop();
    ended.saw(0);
    await jest.advanceTimersByTimeAsync(3000);
    expect(told).toEqual(['wake at 0']);
  });
});
