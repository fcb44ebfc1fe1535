import PgBoss from 'pg-boss';
import { productWorker, secondsToDrain, workUntilEnd } from '../harness/draining.js';
import { atLeast } from '../harness/figures.js';
import { connectedPool, prepareGraphile, runGraphile } from '../harness/graphile.js';
import { assertSucceeded, isHandled, recordEvents, withConnection } from '../harness/log.js';
import { isEmpty } from '../harness/tables.js';

const POSTGRES = ['postgres'];
const rate = { metric: 'perSecond', unit: '/s' };

export default {
  group: 'Handling',
  sizes: ({ quick, database }) => ({ events: quick ? 5000 : 50_000 }),
  prepare: ({ address, sizes }) => recordEvents({ address, count: sizes.events }),
  contenders: {
    one: { run: (context) => drainProduct(context, 1) },
    two: { run: (context) => drainProduct(context, 2) },
    graphile: {
      databases: POSTGRES,
      prepare: ({ address, sizes }) => prepareGraphile({ address, jobs: sizes.events }),
      run: drainGraphile,
    },
    boss: { databases: POSTGRES, prepare: prepareBoss, run: (context) => drainBoss(context, 'boss') },
    'boss-2000': {
      databases: POSTGRES,
      prepare: prepareBoss,
      run: (context) => drainBoss(context, 'boss-2000'),
    },
  },
  roles: {
    // The worker's own settings stay what they are, but for the one that says how much may run at once.
    product: (context) => productWorker({ ...context, worker: { concurrency: 100 } }),
    graphile: graphileWorker,
    boss: (context) => bossWorker(context, 500),
    'boss-2000': (context) => bossWorker(context, 2000),
  },
  rows: [
    {
      id: 'graphile',
      title: 'recorded no-op events drained by one process',
      compared: 'nestjs-once / graphile-worker',
      of: 'one',
      to: 'graphile',
      ...rate,
      figure: { atLeast: 1.1 },
    },
    {
      id: 'boss',
      title: 'the same',
      compared: 'nestjs-once / pg-boss, 500 at a time',
      of: 'one',
      to: 'boss',
      ...rate,
      figure: { atLeast: 1.76 },
    },
    {
      id: 'boss-2000',
      title: 'the same',
      compared: 'nestjs-once / pg-boss, 2,000 at a time',
      of: 'one',
      to: 'boss-2000',
      ...rate,
    },
    {
      id: 'two',
      title: 'the same by two processes',
      compared: 'two processes / one',
      of: 'two',
      to: 'one',
      ...rate,
      figures: atLeast(0.94, 0.78, 0.85),
    },
  ],
};

async function drainProduct({ address, sizes, start }, processes) {
  const workers = Array.from({ length: processes }, () => start('product'));
  return withConnection(address, async (dataSource) => {
    const seconds = await secondsToDrain(workers, sizes.events, () => isHandled(dataSource));
    await assertSucceeded(dataSource, sizes.events);
    return { perSecond: sizes.events / seconds };
  });
}

async function drainGraphile({ address, sizes, start }) {
  const worker = start('graphile');
  return withConnection(address, async (dataSource) => {
    const seconds = await secondsToDrain([worker], sizes.events, () =>
      isEmpty(dataSource, 'graphile_worker._private_jobs'),
    );
    return { perSecond: sizes.events / seconds };
  });
}

/** Its local queue and batched completion, with the sizes, delays and concurrency that were the fastest here. */
async function graphileWorker({ address, channel }) {
  const pool = await connectedPool(address, 12);
  const settings = {
    concurrentJobs: 24,
    maxPoolSize: 12,
    localQueue: { size: 10_000, refetchDelay: { durationMs: 0 } },
    completeJobBatchDelay: 0,
    failJobBatchDelay: 0,
  };
  return workUntilEnd(channel, async (handled) => {
    const runner = await runGraphile(pool, settings, handled);
    return async () => {
      await runner.stop();
      await pool.end();
    };
  });
}

async function prepareBoss({ address, sizes }) {
  const boss = new PgBoss({ connectionString: address.url, supervise: false, schedule: false });
  await boss.start();
  await boss.createQueue('bench');
  for (let from = 0; from < sizes.events; from += 1000) {
    await boss.insert(
      Array.from({ length: Math.min(1000, sizes.events - from) }, (_, index) => ({
        name: 'bench',
        data: { number: from + index },
      })),
    );
  }
  await boss.stop({ graceful: false });
}

async function drainBoss({ address, sizes, start }, role) {
  const worker = start(role);
  return withConnection(address, async (dataSource) => {
    const seconds = await secondsToDrain([worker], sizes.events, () =>
      isEmpty(dataSource, "pgboss.job WHERE name = 'bench' AND state < 'completed'"),
    );
    return { perSecond: sizes.events / seconds };
  });
}

/** Two loops, so that one fetches while the other completes; no priorities, nothing that supervises, no delays. */
async function bossWorker({ address, channel }, batchSize) {
  const boss = new PgBoss({ connectionString: address.url, supervise: false, schedule: false });
  await boss.start();
  return workUntilEnd(channel, async (handled) => {
    const loop = async () => {
      for (;;) {
        const jobs = await boss.fetch('bench', { batchSize, priority: false });
        if (jobs.length === 0) return;
        await Promise.all(jobs.map(async (job) => handled(job)));
        await boss.complete(
          'bench',
          jobs.map(({ id }) => id),
        );
      }
    };
    const done = Promise.all([loop(), loop()]);
    return async () => {
      await done;
      await boss.stop({ graceful: false });
    };
  });
}
