import { leftToOthers, offering } from '../../../lib/module/commits.js';
import type { ResolvedOptions } from '../../../lib/module/options.js';
import type { AppendedEvent } from '../../../lib/store/commits/appended-event.js';
import type { News } from '../../../lib/store/commits/wake-up.js';

describe('what is left to other processes', () => {
  interface Own {
    isWaiting: boolean;
    concurrency: number;
    dispatch: 'background' | 'inline';
  }

  it.each<[string, number[], Partial<Own>, number[]]>([
    ['nothing that this one starts at once', [1, 2], {}, []],
    ['handlers that this one has not', [1, 3], {}, [3]],
    ['all while this one is busy', [1, 2], { isWaiting: false }, [1, 2]],
    ['all when a handler has to do several', [1, 1], {}, [1, 1]],
    ['all when this one cannot start as many at once', [1, 2], { concurrency: 1 }, [1, 2]],
    ['nothing that is handled inline', [1, 1], { dispatch: 'inline', isWaiting: false }, []],
    ['what is not handled inline', [1, 3], { dispatch: 'inline', isWaiting: false }, [3]],
    ['nothing when nobody handles it', [], { isWaiting: false }, []],
  ])('is %s', (_, due, { isWaiting = true, concurrency = 3, dispatch = 'background' }, left) => {
    const options = { dispatch, worker: { concurrency } } as ResolvedOptions;
    expect(leftToOthers(due, options, { worker: { isWaiting }, handlerIds: () => [1, 2] })).toEqual(left);
  });
});

describe('what this process has committed', () => {
  const options = { dispatch: 'background', worker: { concurrency: 10 } } as ResolvedOptions;
  let told: string[];
  let mayRide: boolean;

  const event = (position: number, due: number[]): AppendedEvent => ({
    position,
    key: `${position}`,
    group: `g${position}`,
    due,
    preclaimed: [],
  });
  const note = (how: string, { handlerIds, groups }: News) =>
    void told.push(`${how} ${[...handlerIds!].join()} of ${[...groups!].join()}`);
  const listener = () =>
    offering(options, {
      worker: { isWaiting: true },
      wakeUp: {
        tellsOthers: true,
        ride: (news) => {
          if (!mayRide) return undefined;
          note('rides', news);
          return new Map();
        },
        tell: (news) => note('tells', news),
      },
      handlerIds: () => [1],
      wake: () => told.push('wakes'),
    });

  beforeEach(() => {
    told = [];
    mayRide = true;
  });

  it('is told with its proof where others have to handle it, and not again', () => {
    const { ride, committed } = listener();
    const events = [event(1, [2])];
    expect(ride!(events)).toBeDefined();
    committed!(events);
    expect(told).toEqual(['rides 2 of g1', 'wakes', 'tells  of ']);
  });

  it('is told after its proof where this process handles it', () => {
    const { ride, committed } = listener();
    const events = [event(1, [1])];
    expect(ride!(events)).toBeUndefined();
    committed!(events);
    expect(told).toEqual(['wakes', 'tells  of g1']);
  });

  it('is told after its proof where a message has just been sent, and where the read with the message had failed', () => {
    const { ride, committed } = listener();
    const events = [event(1, [2])];
    ride!(events);
    mayRide = false;
    expect(ride!(events)).toBeUndefined();
    committed!(events);
    expect(told).toEqual(['rides 2 of g1', 'wakes', 'tells 2 of g1']);
  });
});
