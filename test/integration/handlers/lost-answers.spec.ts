import { jest } from '@jest/globals';
import { DeliveryQueue } from '../../../lib/store/deliveries/delivery-queue.js';
import { OrderedClaim } from '../../../lib/store/deliveries/ordered-claim.js';
import type { ClaimedDelivery } from '../../../lib/store/ports/rows.js';
import { startApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { until } from '../../support/deferred.js';
import { scriptedHandler } from '../../support/scripted-handler.js';

type Methods = Record<string, (...args: never[]) => Promise<unknown>>;

/** Fails the first call that claimed something, of those that `isLost` takes, when it has done its work. */
function loseAnswer(prototype: object, method: string, isLost: (count: number) => boolean = () => true) {
  const methods = prototype as Methods;
  const call = methods[method]!;
  let count = 0;
  const lost: string[] = [];
  jest.spyOn(methods, method).mockImplementation(async function (this: unknown, ...args) {
    const result = (await call.apply(this, args)) as ClaimedDelivery[] | { claimed: ClaimedDelivery[] };
    const claimed = Array.isArray(result) ? result : result.claimed;
    if (claimed.length === 0 || lost.length > 0 || !isLost(++count)) return result;
    lost.push(...claimed.map(({ event }) => event.key));
    throw new Error('the connection was cut');
  });
  return lost;
}

describeEachDatabase('an answer that is lost', (db) => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  const start = async () => {
    const handled: string[] = [];
    const handler = (name: string, ordered: boolean) =>
      scriptedHandler(name, ({ key }) => handled.push(`${name} ${key}`), { ordered });
    const application = await startApplication({
      database: await db.options(),
      providers: [handler('One', true), handler('Two', true), handler('Plain', false)],
      options: { dispatch: 'background', worker: { pollInterval: 20 } },
    });
    return { ...application, handled };
  };

  const handleAll = async ({ log, deliveries, close, handled }: Awaited<ReturnType<typeof start>>) => {
    const keys = Array.from({ length: 5 }, (_, index) => `made_${index}`);
    await log.append(keys.map((key) => ({ group: 'made', key, orderKey: key })));
    const all = ['One', 'Two', 'Plain'].flatMap((name) => keys.map((key) => `${name} ${key}`));
    await until(async () => (await deliveries.counts()).succeeded === all.length);
    expect(handled.sort()).toEqual(all.sort());
    await close();
  };

  it('to a claim that was committed leaves nothing to a worker that does not know of it', async () => {
    const application = await start();
    const lost = loseAnswer(DeliveryQueue.prototype, 'claim');
    await handleAll(application);
    expect(lost).not.toEqual([]);
  });

  it('to half of a claim, of what is ordered, does not either', async () => {
    const application = await start();
    const lost = loseAnswer(OrderedClaim.prototype, 'claim');
    await handleAll(application);
    expect(lost).not.toEqual([]);
  });

  it('nor to the claim of one ordered handler behind that of another', async () => {
    const application = await start();
    const lost = loseAnswer(OrderedClaim.prototype, 'claimOf', (count) => count === 2);
    await handleAll(application);
    expect(lost).not.toEqual([]);
  });
});
