import type { EventSourcingOptions } from 'nestjs-once';
import { startApplication, type TestApplication } from '../support/application.js';
import { type DatabaseAddress, dataSourceOptionsFrom, describeEachDatabase } from '../support/databases.js';
import { until } from '../support/deferred.js';
import { seededRandom } from '../support/seeded-random.js';
import { Order, Receipt } from './processes/shop-entities.js';
import { ShopProcess } from './processes/shop-process.js';

const KILLS_OF_EACH = 4;
const SEED = 20260301;
/** Ten processes start, one after the other, each of which takes seconds on a machine that has other things to do. */
const LIMIT = 240_000;
/** A lease that a process loses because it is slow counts as a death, of which a delivery survives three. */
const options: EventSourcingOptions = {
  worker: { lease: 3000, pollInterval: 50, concurrency: 4 },
  retry: { maxRetries: 0 },
};

describeEachDatabase('processes that are killed', (db) => {
  let application: TestApplication;
  let address: DatabaseAddress;
  const running = new Set<ShopProcess>();
  const random = seededRandom(SEED);

  const shop = (role: 'produce' | 'work') => {
    const started = new ShopProcess({ address, role, options });
    running.add(started);
    void started.exited.then(() => running.delete(started));
    return started;
  };

  beforeEach(async () => {
    address = await db.create();
    const database = dataSourceOptionsFrom(address);
    application = await startApplication({ database, entities: [Order, Receipt], options });
  });

  afterEach(async () => {
    await Promise.all([...running].map((process) => process.kill()));
    await application.close();
  });

  /** Kills a process after a random number of things that it did, and not before `when`. */
  const killSometime = async (role: 'produce' | 'work', when?: Promise<unknown>) => {
    const victim = shop(role);
    const done = victim.hears(([what]) => what !== 'ready', 1 + Math.floor(random() * 30));
    await Promise.all([done, when]);
    await victim.kill();
  };

  const killWorkers = async () => {
    for (let kills = 0; kills < KILLS_OF_EACH; kills++) await killSometime('work');
  };

  /** The last one goes on for as long as workers need something to do. */
  const killProducers = async (workersAreDone: Promise<void>) => {
    for (let kills = 1; kills < KILLS_OF_EACH; kills++) await killSometime('produce');
    await killSometime('produce', workersAreDone);
  };

  it(
    'lose nothing, and do exactly once what is transactional',
    async () => {
      const { dataSource, deliveries, log } = application;
      const workersAreDone = killWorkers();
      await Promise.all([workersAreDone, killProducers(workersAreDone)]);
      const survivor = shop('work');
      await until(async () => {
        const { pending, running } = await deliveries.counts();
        return pending === 0 && running === 0;
      }, LIMIT);
      await survivor.kill();

      const orders = await dataSource.manager.find(Order);
      const keys = orders.map(({ id }) => `order_placed_${id}`).sort();
      const recorded: string[] = [];
      for await (const { key } of log.read()) recorded.push(key);
      expect(recorded.sort()).toEqual(keys);
      const receipts = await dataSource.manager.find(Receipt);
      const of = (kind: string) =>
        receipts.filter((receipt) => receipt.kind === kind).map(({ eventKey }) => eventKey);
      const { items: dead } = await deliveries.list({ status: 'dead' });
      // All kills may meet the same delivery, which is buried after the fourth death. No handler has failed by itself.
      const buried = { rescues: KILLS_OF_EACH, error: expect.stringMatching(/^ProcessDiedError: /) };
      expect(dead).toEqual(dead.map((delivery) => expect.objectContaining({ ...delivery, ...buried })));
      const handledBy = (method: string) => {
        const without = dead.filter(({ handler }) => handler.endsWith(method)).map(({ key }) => key);
        return keys.filter((key) => !without.includes(key));
      };
      expect(of('booked').sort()).toEqual(handledBy('.book'));
      expect(of('sent')).toEqual(expect.arrayContaining(handledBy('.send')));
      expect(keys).toEqual(expect.arrayContaining(of('sent')));
      expect(await deliveries.counts()).toMatchObject({ succeeded: 2 * keys.length - dead.length });
      expect(keys.length).toBeGreaterThan(KILLS_OF_EACH);
    },
    LIMIT,
  );

  // Five processes that start one after the other are many for a test: what differs by database is in lease.spec.ts.
  if (db.name !== 'sqlite') return;

  it(
    'bury an event that kills its process again and again, and only that',
    async () => {
      const { deliveries, log } = application;
      const first = shop('work');
      await first.hears(([what]) => what === 'ready');
      await log.append(
        ['poison_1', 'poison_kills', 'poison_2', 'poison_3'].map((key) => ({ group: 'poison', key })),
      );
      await first.exited;
      const dead = async () => (await deliveries.counts({ key: 'poison_kills' })).dead === 1;
      let deaths = 1;
      while (!(await dead())) {
        const next = shop('work');
        await Promise.race([next.exited.then(() => deaths++), until(dead, LIMIT)]);
      }
      expect(deaths).toBe(4);
      const neighbours = { key: ['poison_1', 'poison_2', 'poison_3'] };
      await until(async () => (await deliveries.counts(neighbours)).succeeded === 3, LIMIT);
      expect((await deliveries.list({ status: 'dead' })).items).toMatchObject([
        {
          key: 'poison_kills',
          rescues: 4,
          error: expect.stringMatching(/^ProcessDiedError: .* died 4 times/),
        },
      ]);
    },
    LIMIT,
  );
});
