import { Promoter } from '../../../../lib/handlers/attempt/promoter.js';
import type { DeliveryId } from '../../../../lib/store/ports/delivery-ids.js';
import { deferred } from '../../../support/deferred.js';

const attempted = (position: number, group = 'ranked', handlerId = 1) => ({ handlerId, position, group });

describe('Promoter', () => {
  let asked: [readonly number[], readonly number[]][];
  let due: number[][];
  let failures: unknown[];
  let work: () => Promise<void>;
  let promoter: Promoter;

  beforeEach(() => {
    asked = [];
    due = [];
    failures = [];
    work = () => Promise.resolve();
    promoter = new Promoter({
      registry: { rankedBehind: (_, group) => ({ ranked: [1, 2], other: [1, 3] })[group] ?? [] },
      promotion: {
        promote: async (handlerIds, positions): Promise<DeliveryId[]> => {
          asked.push([handlerIds, positions]);
          await work();
          return positions.map((position) => ({ handlerId: handlerIds[1]!, position }));
        },
      },
      promoted: (handlerIds) => due.push([...handlerIds]),
      failed: (error) => failures.push(error),
    });
  });

  it('asks for nothing where nobody waits', () => {
    expect(promoter.after(attempted(1, 'plain'))).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it('asks for many at once while a statement is in flight, by group, and tells each of its own', async () => {
    const first = deferred();
    work = () => first.promise;
    const one = promoter.after(attempted(1));
    await new Promise((resolve) => setImmediate(resolve));
    const rest = [attempted(2), attempted(3, 'other'), attempted(2), attempted(4)].map((each) =>
      promoter.after(each),
    );
    first.resolve();
    expect(await Promise.all([one, ...rest])).toEqual([
      [{ handlerId: 2, position: 1 }],
      [{ handlerId: 2, position: 2 }],
      [{ handlerId: 3, position: 3 }],
      [{ handlerId: 2, position: 2 }],
      [{ handlerId: 2, position: 4 }],
    ]);
    expect(asked).toEqual([
      [[1, 2], [1]],
      [
        [1, 2],
        [2, 4],
      ],
      [[1, 3], [3]],
    ]);
    expect(due).toEqual([[2], [2, 2, 3]]);
  });

  it('asks for a hundred events by each statement', async () => {
    await promoter.afterAll(Array.from({ length: 250 }, (_, position) => attempted(position)));
    expect(asked.map(([, positions]) => positions.length)).toEqual([100, 100, 50]);
  });

  it('tells of a failure, and never rejects: what could not be made due becomes so later', async () => {
    const error = new Error('gone');
    work = () => (asked.length > 1 ? Promise.reject(error) : Promise.resolve());
    const results = await Promise.all([promoter.after(attempted(1)), promoter.after(attempted(2, 'other'))]);
    expect(results).toEqual([[{ handlerId: 2, position: 1 }], []]);
    expect(failures).toEqual([error]);
    expect(due).toEqual([[2]]);
  });
});
