import { startApplication } from '../harness/application.js';
import { fillBacklog } from '../harness/behind.js';
import { now } from '../harness/clock.js';
import { withConnection } from '../harness/log.js';
import { fillDeliveries } from '../harness/tables.js';

/** Calls that are not timed, and calls of which the median is told. */
const WARM_UP = 10;
const CALLS = 31;
const FEW = 10_000;

export default {
  group: 'Operating',
  sizes: ({ quick, database }) => {
    const dead = quick ? 20_000 : database === 'postgres' ? 1_000_000 : 100_000;
    return { finished: dead * 10, dead, few: FEW };
  },
  // So many rows are copied for each round.
  maxRounds: 3,
  contenders: {
    many: { prepare: ({ address, sizes }) => prepare(address, sizes.finished, sizes.dead), run },
    few: { prepare: ({ address, sizes }) => prepare(address, sizes.few, sizes.few), run },
  },
  rows: [
    {
      id: 'many',
      title: '`Deliveries.counts()` beside all those finished and dead deliveries',
      compared: 'beside all of them / beside 10,000 of each',
      of: 'many',
      to: 'few',
      metric: 'milliseconds',
      unit: 'ms',
      figure: { atMost: 2 },
    },
  ],
};

async function prepare(address, finished, dead) {
  await fillBacklog({ address, rows: 0 });
  await withConnection(address, async (dataSource) => {
    await fillDeliveries(dataSource, address.name, finished, 'bench', 'finished');
    await fillDeliveries(dataSource, address.name, dead, 'stopped', 'dead');
  });
}

async function run({ address, sizes }) {
  const application = await startApplication({ address, options: { dispatch: 'none', rescan: false } });
  const times = [];
  for (let call = 0; call < WARM_UP + CALLS; call++) {
    const begin = now();
    const { succeeded, dead } = await application.deliveries.counts();
    times.push(now() - begin);
    const least = [succeeded, dead].map((count) => count.count ?? count);
    if (least.some((count) => count !== sizes.few)) throw new Error(`Expected ${sizes.few}, got ${least}.`);
  }
  await application.close();
  const timed = times.slice(WARM_UP).sort((a, b) => a - b);
  return { milliseconds: timed[Math.floor(timed.length / 2)] };
}
