import { setTimeout as wait } from 'node:timers/promises';
import { type EventSourcingOptions, NonRetriableError, SnoozeError } from 'nestjs-once';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { until } from '../../support/deferred.js';
import { seededRandom } from '../../support/seeded-random.js';
import { type Script, scriptedHandler } from '../../support/scripted-handler.js';

const KEYS = ['a', 'b', 'c', 'd'];
const WORKERS = 3;
const EVENTS = 240;
const LIMIT = 120_000;
const options: EventSourcingOptions = {
  dispatch: 'background',
  worker: { pollInterval: 20, concurrency: 4 },
  retry: { maxRetries: 2, interval: 5, backoff: 1 },
};

describeEachDatabase('ordered handlers in several processes', (db) => {
  const applications: TestApplication[] = [];
  const running = new Map<string, string>();
  let violations: string[];

  /** What nobody may see: two of an order key at once. */
  const alone = async (key: string, orderKey: string, work: () => Promise<void>) => {
    const other = running.get(orderKey);
    if (other !== undefined) violations.push(`${key} started while ${other} ran`);
    running.set(orderKey, key);
    try {
      await work();
    } finally {
      running.delete(orderKey);
    }
  };

  const turns = async (count: number) => {
    for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
  };

  const startWorkers = async (script: Script) => {
    const database = await db.options();
    for (let number = 0; number < WORKERS; number++) {
      const providers = [scriptedHandler('Projection', script, { ordered: true })];
      applications.push(await startApplication({ database, providers, options, synchronize: number === 0 }));
    }
  };

  /** Records the events of the keys, each key's one after the other; events without a key between them. */
  const produce = async (random: () => number, added: (orderKey: string, key: string) => void) => {
    const each = async (orderKey: string) => {
      for (let number = 0; number < EVENTS / KEYS.length;) {
        const batch = Array.from({ length: 1 + Math.floor(random() * 4) }, () => `${orderKey}:${number++}`);
        for (const key of batch) added(orderKey, key);
        const { log } = applications[Math.floor(random() * WORKERS)]!;
        await log.append(batch.map((key) => ({ group: 'made', key, orderKey })));
        await turns(Math.floor(random() * 5));
      }
    };
    await Promise.all(KEYS.map(each));
  };

  const allHandled = (open: string[]) =>
    until(async () => {
      const { pending, running } = await applications[0]!.deliveries.counts();
      return pending === 0 && running === 0;
    }, LIMIT).catch((error: unknown) => {
      throw new Error(`${String(error)}; ${open.join()}; ${violations.join()}`);
    });

  beforeEach(() => {
    violations = [];
    running.clear();
  });

  afterEach(async () => {
    for (const each of applications.splice(0)) await each.close();
  });

  it.each([1, 2])(
    'never run two of a key at once, nor one before those that were recorded before it are done (seed %s)',
    async (seed) => {
      const random = seededRandom(seed);
      /** By order key: what was recorded and is neither handled nor dead. */
      const open = new Map(KEYS.map((orderKey) => [orderKey, [] as string[]]));
      const expected = new Set<string>();
      const script: Script = async ({ key }, { attempt }) => {
        const orderKey = key.split(':')[0]!;
        const line = open.get(orderKey)!;
        await alone(key, orderKey, async () => {
          if (line[0] !== key) violations.push(`${key} started before ${line[0]}`);
          const fate = random();
          // Long enough for the others to look for something to claim meanwhile.
          await wait(random() * 30);
          if (fate < 0.08) throw new SnoozeError(new Date(Date.now() + 5));
          if (fate < 0.12) line.shift();
          if (fate < 0.12) throw new NonRetriableError('dead');
          if (fate < 0.25 && attempt === 1) throw new Error('again');
          line.shift();
        });
      };
      await startWorkers(script);
      await produce(random, (orderKey, key) => {
        open.get(orderKey)!.push(key);
        expected.add(key);
      });
      await allHandled([...open.values()].flat());
      expect(violations).toEqual([]);
      expect([...open.values()].flat()).toEqual([]);
      const { succeeded, dead } = await applications[0]!.deliveries.counts();
      expect(Number(succeeded) + Number(dead)).toBe(expected.size);
    },
    LIMIT,
  );

  it(
    'never run two of a key at once where events are committed in another order than that of the log',
    async () => {
      // One connection: a transaction that stays open keeps all others from writing.
      if (db.name === 'sqlite') return;
      const random = seededRandom(3);
      const handled: string[] = [];
      await startWorkers(async ({ key }) => {
        await alone(key, key.split(':')[0]!, () => wait(random() * 30));
        handled.push(key);
      });
      const { dataSource, log } = applications[0]!;
      const keys: string[] = [];
      for (let round = 0; round < 25; round++) {
        const append = (orderKey: string, manager = dataSource.manager) => {
          const key = `${orderKey}:${keys.length}`;
          keys.push(key);
          const inside = manager === dataSource.manager ? {} : { manager };
          return log.append({ group: 'made', key, orderKey }, inside);
        };
        await dataSource.transaction(async (manager) => {
          for (const orderKey of KEYS) await append(orderKey, manager);
          for (const orderKey of KEYS) await append(orderKey);
          // Committed while the workers have just seen what has the higher position, and take it.
          await turns(Math.floor(random() * 12));
        });
      }
      await allHandled([]);
      expect(violations).toEqual([]);
      expect(handled.sort()).toEqual(keys.sort());
    },
    LIMIT,
  );
});
