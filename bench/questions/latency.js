import { setTimeout as sleep } from 'node:timers/promises';
import { createApplication, handlerOf, startApplication } from '../harness/application.js';
import { now } from '../harness/clock.js';
import { connectedPool, prepareGraphile, runGraphile } from '../harness/graphile.js';
import { seededRandom } from '../harness/random.js';
import { quantile } from '../harness/statistics.js';

const GRAPHILE = { concurrentJobs: 10 };
const FIGURES = {
  same: { p50: { below: 0.7 }, p99: { below: 0.7 } },
  // None for its p99, which scatters by half of itself from round to round.
  other: { p50: { atMost: 1.4 } },
};

export default {
  group: 'Latency',
  databases: ['postgres'],
  // The first ones, until V8 has optimised what they run, come one after the other and are not measured.
  sizes: ({ quick }) => ({ events: quick ? 40 : 300, warmUp: quick ? 10 : 2000 }),
  note: '\nFrom sending COMMIT to the start of the handler, one event at a time, idle for 5 to 30 ms between them.',
  contenders: {
    'product-same': { run: productSame },
    'product-other': { run: productOther },
    'graphile-same': { prepare: prepareGraphile, template: 'graphile', run: graphileSame },
    'graphile-other': { prepare: prepareGraphile, template: 'graphile', run: graphileOther },
  },
  roles: { product: productRole, graphile: graphileRole },
  rows: ['same', 'other'].flatMap((where) =>
    ['p50', 'p99'].map((metric) => ({
      id: `${where}-${metric}`,
      title: `idle latency, commit → handler starts, ${where === 'same' ? 'same' : 'another'} process, ${metric}`,
      compared: 'nestjs-once / graphile-worker',
      of: `product-${where}`,
      to: `graphile-${where}`,
      metric,
      unit: 'ms',
      figure: FIGURES[where][metric],
    })),
  ),
};

/** Milliseconds after which the events that were measured have to do: one poll of a second each would take minutes. */
const LIMIT = 30_000;

/** Sends one after the other; `send` resolves with the time at which COMMIT was sent. */
export async function latencies({ sizes, seed }, started, send) {
  const random = seededRandom(seed);
  const measured = [];
  const { events, warmUp } = sizes;
  const end = now() + LIMIT;
  for (let n = 0; n < events + warmUp && now() < end; n++) {
    const start = started.next();
    const sent = await send(n);
    const latency = (await start) - sent;
    if (n < warmUp) continue;
    measured.push(latency);
    await sleep(5 + random() * 25);
  }
  return { p50: quantile(measured, 0.5), p99: quantile(measured, 0.99) };
}

/** Where the starts of the handler come in. */
export function starts() {
  let resolveNext = () => undefined;
  return {
    next: () => new Promise((resolve) => (resolveNext = resolve)),
    at: (time) => resolveNext(time),
  };
}

/** `inputOf`: more of the nth input, such as its `orderKey`. */
export function productSender({ dataSource, log }, inputOf = () => ({})) {
  return async (n) => {
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    const input = { group: 'bench', key: `latency_${n}`, data: { n }, ...inputOf(n) };
    await log.append(input, { manager: runner.manager });
    const sent = now();
    await runner.commitTransaction();
    await runner.release();
    return sent;
  };
}

async function productSame(context) {
  const started = starts();
  const handler = handlerOf(/^bench/, {}, () => started.at(now()));
  const application = await startApplication({
    address: context.address,
    providers: [handler],
    options: { rescan: false },
  });
  const result = await latencies(context, started, productSender(application));
  await application.close();
  return result;
}

async function productOther(context) {
  return inOtherProcess(context, 'product', async (measure) => {
    const application = await startApplication({
      address: context.address,
      options: { dispatch: 'none', rescan: false },
    });
    const result = await measure(productSender(application));
    await application.close();
    return result;
  });
}

async function productRole({ address, channel }) {
  const handler = handlerOf(/^bench/, {}, () => channel.send('started', now()));
  const application = await createApplication({ address, providers: [handler], options: { rescan: false } });
  await application.init();
  channel.send('ready');
  await channel.receive('end');
  await application.close();
}

async function graphileSame(context) {
  const started = starts();
  const pool = await connectedPool(context.address);
  const runner = await runGraphile(pool, GRAPHILE, () => started.at(now()));
  const result = await latencies(context, started, graphileSender(pool));
  await runner.stop();
  return result;
}

async function graphileOther(context) {
  const pool = await connectedPool(context.address);
  return inOtherProcess(context, 'graphile', (measure) => measure(graphileSender(pool)));
}

async function graphileRole({ address, channel }) {
  const pool = await connectedPool(address);
  const runner = await runGraphile(pool, GRAPHILE, () => channel.send('started', now()));
  channel.send('ready');
  await channel.receive('end');
  await runner.stop();
}

function graphileSender(pool) {
  return async (n) => {
    const client = await pool.connect();
    await client.query('BEGIN');
    await client.query("SELECT graphile_worker.add_job('bench', $1::json)", [JSON.stringify({ n })]);
    const sent = now();
    await client.query('COMMIT');
    client.release();
    return sent;
  };
}

async function inOtherProcess(context, role, work) {
  const started = starts();
  const worker = context.start(role);
  worker.on('started', started.at);
  await worker.receive('ready');
  const result = await work((send) => latencies(context, started, send));
  await worker.end();
  return result;
}
