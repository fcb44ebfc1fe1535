import { Acknowledger } from '../../../../lib/handlers/attempt/acknowledger.js';
import type { DeliveryId } from '../../../../lib/store/ports/dialect.js';
import { deferred } from '../../../support/deferred.js';

const acknowledge = (acknowledger: Acknowledger, id: DeliveryId) =>
  new Promise<boolean>((marked, failed) => acknowledger.acknowledge(id, marked, failed));

const id = (position: number): DeliveryId => ({ handlerId: 1, position });

describe('Acknowledger', () => {
  it('groups what ends while a statement is in flight, and says what was held', async () => {
    const sent: number[][] = [];
    const first = deferred();
    const acknowledger = new Acknowledger(async (ids) => {
      sent.push(ids.map(({ position }) => position));
      if (sent.length === 1) await first.promise;
      return ids.filter(({ position }) => position !== 4);
    });
    const one = acknowledge(acknowledger, id(1));
    await new Promise((resolve) => setImmediate(resolve));
    const rest = [2, 3, 4].map((position) => acknowledge(acknowledger, id(position)));
    first.resolve();
    expect(await Promise.all([one, ...rest])).toEqual([true, true, true, false]);
    expect(sent).toEqual([[1], [2, 3, 4]]);
  });

  it('fails those of the statement that failed, and goes on', async () => {
    let fails = true;
    const acknowledger = new Acknowledger(async (ids) => {
      if (fails) throw new Error('gone');
      return ids;
    });
    await expect(acknowledge(acknowledger, id(1))).rejects.toThrow('gone');
    fails = false;
    expect(await acknowledge(acknowledger, id(1))).toBe(true);
  });
});
