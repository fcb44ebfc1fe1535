import { DeliveryQueue } from '../../../../lib/store/deliveries/delivery-queue.js';
import type { Database } from '../../../../lib/store/db/database.js';
import type { DeliveryId } from '../../../../lib/store/ports/delivery-ids.js';
import { deferred } from '../../../support/deferred.js';

type Complete = (ids: readonly DeliveryId[], workerId: number) => Promise<readonly DeliveryId[]>;

const id = (position: number): DeliveryId => ({ handlerId: 1, position });

describe('what workers acknowledge', () => {
  const setUp = (complete: Complete) => {
    class Queue extends DeliveryQueue {
      override async complete(workerId: number, ids: readonly DeliveryId[]): Promise<DeliveryId[]> {
        return [...(await complete(ids, workerId))];
      }
    }
    const queue = new Queue({} as Database);
    return (position: number, workerId = 1) =>
      new Promise<boolean>((marked, failed) => queue.acknowledge(workerId, id(position), marked, failed));
  };

  it('goes into one statement while the last one is in flight, and each is told whether it was held', async () => {
    const sent: number[][] = [];
    const first = deferred();
    const acknowledge = setUp(async (ids) => {
      sent.push(ids.map(({ position }) => position));
      if (sent.length === 1) await first.promise;
      return ids.filter(({ position }) => position !== 4);
    });
    const one = acknowledge(1);
    await new Promise((resolve) => setImmediate(resolve));
    const rest = [2, 3, 4].map((position) => acknowledge(position));
    first.resolve();
    expect(await Promise.all([one, ...rest])).toEqual([true, true, true, false]);
    expect(sent).toEqual([[1], [2, 3, 4]]);
  });

  it('goes into a statement for each lease', async () => {
    const sent: [number, number[]][] = [];
    const acknowledge = setUp((ids, workerId) => {
      sent.push([workerId, ids.map(({ position }) => position)]);
      return Promise.resolve(ids);
    });
    await Promise.all([acknowledge(1, 7), acknowledge(2, 7), acknowledge(3, 8)]);
    expect(sent).toEqual([
      [7, [1, 2]],
      [8, [3]],
    ]);
  });

  it('fails where the statement failed, and the next one is sent', async () => {
    let fails = true;
    const acknowledge = setUp((ids) => (fails ? Promise.reject(new Error('gone')) : Promise.resolve(ids)));
    await expect(acknowledge(1)).rejects.toThrow('gone');
    fails = false;
    expect(await acknowledge(1)).toBe(true);
  });
});
