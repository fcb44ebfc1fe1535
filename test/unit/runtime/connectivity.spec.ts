import { jest } from '@jest/globals';
import { Connectivity } from '../../../lib/runtime/connectivity.js';
import { withProgress } from '../../../lib/core/progress.js';

describe('Connectivity', () => {
  const events: string[] = [];
  let isUp = true;
  let probes = 0;

  const make = () =>
    new Connectivity({
      probe: async () => {
        probes++;
        if (!isUp) throw new Error('away');
      },
      lost: (reason) => events.push(`lost: ${(reason as Error).message}`),
      returned: (after) => events.push(`returned after ${Math.round(after)}`),
      random: () => 1,
    });

  beforeEach(() => {
    jest.useFakeTimers();
    events.length = 0;
    isUp = true;
    probes = 0;
  });

  afterEach(() => jest.useRealTimers());

  it('explains no failure while the database answers', async () => {
    const connectivity = make();
    const complain = jest.fn();
    expect(await connectivity.explainsFailure()).toBe(false);
    connectivity.unlessLost(complain);
    await jest.advanceTimersByTimeAsync(0);
    expect(complain).toHaveBeenCalledTimes(1);
    expect(events).toEqual([]);
  });

  it('explains the failures of all parts by one loss, told of once, found out by one probe', async () => {
    const connectivity = make();
    isUp = false;
    const complain = jest.fn();
    connectivity.unlessLost(complain);
    const answers = await Promise.all([connectivity.explainsFailure(), connectivity.explainsFailure()]);
    expect(answers).toEqual([true, true]);
    expect(await connectivity.explainsFailure()).toBe(true);
    expect({ events, probes, isLost: connectivity.isLost }).toEqual({
      events: ['lost: away'],
      probes: 1,
      isLost: true,
    });
    expect(complain).not.toHaveBeenCalled();
    connectivity.stop();
  });

  it('looks for its return less and less often, and lets those go on who wait', async () => {
    const connectivity = make();
    isUp = false;
    await connectivity.explainsFailure();
    const waiting = connectivity.reachable();
    const looks: number[] = [];
    for (let second = 0; second < 40; second += 0.5) {
      const before = probes;
      await jest.advanceTimersByTimeAsync(500);
      if (probes > before) looks.push(second + 0.5);
    }
    expect(looks).toEqual([0.5, 1.5, 3.5, 7.5, 15.5, 23.5, 31.5, 39.5]);
    isUp = true;
    await jest.advanceTimersByTimeAsync(8000);
    await waiting;
    expect(events).toEqual(['lost: away', 'returned after 47500']);
    expect(connectivity.isLost).toBe(false);
    await connectivity.reachable();
  });

  it('looks no more when it is stopped, and nobody waits', async () => {
    const connectivity = make();
    isUp = false;
    await connectivity.explainsFailure();
    const waiting = connectivity.reachable();
    connectivity.stop();
    await waiting;
    await jest.advanceTimersByTimeAsync(60_000);
    expect(probes).toBe(1);
    await connectivity.reachable();
  });
});

describe('withProgress', () => {
  afterEach(() => jest.useRealTimers());

  it('says every ten seconds how far the work is, until it is done', async () => {
    jest.useFakeTimers();
    const lines: string[] = [];
    let done = 0;
    const work = withProgress(
      (line) => lines.push(line),
      () => `${done} done`,
      async () => {
        for (; done < 3; done++) await new Promise((resolve) => setTimeout(resolve, 8000));
        return done;
      },
    );
    await jest.advanceTimersByTimeAsync(60_000);
    expect(await work).toBe(3);
    expect(lines).toEqual(['1 done', '2 done']);
  });
});
