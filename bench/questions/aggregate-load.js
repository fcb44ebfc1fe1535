import { balanceAfter } from '../harness/account.js';
import { now } from '../harness/clock.js';
import { openEmmett, openProduct } from '../harness/streams.js';

const EVENTS = { long: 10_000, short: 100 };

/** Events that are saved at once. */
const BATCH = 1000;

const product = { prepare: prepareProduct, template: 'product' };

export default {
  group: 'Aggregates',
  databases: ['postgres'],
  sizes: ({ quick }) => ({ events: EVENTS.long, loads: quick ? 3 : 40, loadsOfSnapshots: quick ? 20 : 2000 }),
  contenders: {
    product: { ...product, run: (context) => timeLoads(context, openProduct) },
    emmett: { prepare: prepareEmmett, run: (context) => timeLoads(context, openEmmett) },
    'snapshot-long': { ...product, run: (context) => timeSnapshot(context, 'long') },
    'snapshot-short': { ...product, run: (context) => timeSnapshot(context, 'short') },
  },
  rows: [
    {
      id: 'emmett',
      title: 'loading an aggregate of all its events',
      compared: "`AggregateRepository.get()` / emmett's `readStream` of the same events",
      of: 'product',
      to: 'emmett',
      metric: 'perSecond',
      unit: 'events/s',
      figure: { atLeast: 1.5 },
    },
    {
      id: 'snapshot',
      title: 'loading an aggregate that has a snapshot of its last version',
      compared: 'of 10,000 events / of 100 events',
      of: 'snapshot-long',
      to: 'snapshot-short',
      metric: 'milliseconds',
      unit: 'ms',
      figure: { atMost: 1.2 },
    },
  ],
};

async function prepareProduct(context) {
  const streams = await openProduct(context);
  await fill(streams, 'all', EVENTS.long);
  for (const [id, count] of Object.entries(EVENTS)) {
    await fill(streams, id, count);
    await streams.accounts.snapshot(id);
  }
  await streams.close();
}

async function prepareEmmett(context) {
  const streams = await openEmmett(context);
  await fill(streams, 'all', EVENTS.long);
  await streams.close();
}

async function fill({ writer }, id, count) {
  const append = writer(id);
  for (let done = 0; done < count; done += BATCH) await append(Math.min(BATCH, count - done));
}

async function timeLoads(context, open) {
  const { events, loads } = context.sizes;
  const streams = await open(context);
  const milliseconds = await timeEach(loads, async () => {
    const read = await streams.load('all');
    if (read !== events) throw new Error(`Expected ${events} events, got ${read}.`);
  });
  await streams.close();
  return { perSecond: (events / milliseconds) * 1000 };
}

async function timeSnapshot(context, id) {
  const { accounts, close } = await openProduct(context);
  const milliseconds = await timeEach(context.sizes.loadsOfSnapshots, async () => {
    const account = await accounts.get(id);
    if (account.version !== EVENTS[id])
      throw new Error(`Expected version ${EVENTS[id]}, got ${account.version}.`);
  });
  const { balance } = await accounts.get(id);
  if (balance !== balanceAfter(EVENTS[id])) throw new Error(`Expected another balance than ${balance}.`);
  await close();
  return { milliseconds };
}

/** Of one call, on average, after as many that were not timed. */
async function timeEach(times, work) {
  for (let time = 0; time < times; time++) await work();
  const begin = now();
  for (let time = 0; time < times; time++) await work();
  return (now() - begin) / times;
}
