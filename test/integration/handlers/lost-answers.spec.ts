import { jest } from '@jest/globals';
import { DeliveryQueue } from '../../../lib/store/delivery-queue.js';
import { startApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { until } from '../../support/deferred.js';
import { scriptedHandler } from '../../support/scripted-handler.js';

describeEachDatabase('an answer that is lost', (db) => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('to a claim that was committed leaves nothing to a worker that does not know of it', async () => {
    const { claim } = DeliveryQueue.prototype;
    const lost: number[] = [];
    jest.spyOn(DeliveryQueue.prototype, 'claim').mockImplementation(async function (
      this: DeliveryQueue,
      request,
    ) {
      const claimed = await claim.call(this, request);
      if (lost.length > 0 || claimed.length === 0) return claimed;
      lost.push(claimed.length);
      throw new Error('the connection was cut');
    });
    const handled: string[] = [];
    const { log, deliveries, close } = await startApplication({
      database: await db.options(),
      providers: [scriptedHandler('One', ({ key }) => handled.push(key))],
      options: { dispatch: 'background', worker: { pollInterval: 20 } },
    });
    const keys = Array.from({ length: 5 }, (_, index) => `made_${index}`);
    await log.append(keys.map((key) => ({ group: 'made', key })));
    await until(async () => (await deliveries.counts()).succeeded === keys.length);
    expect(lost).toHaveLength(1);
    expect(handled.sort()).toEqual(keys);
    await close();
  });
});
