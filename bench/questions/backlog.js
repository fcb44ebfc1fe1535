import { handlerOf, startApplication } from '../harness/application.js';
import { fillBacklog } from '../harness/behind.js';
import { now } from '../harness/clock.js';
import { productWorker, secondsToDrain } from '../harness/draining.js';
import { assertSucceeded, isHandled, recordEvents, withConnection } from '../harness/log.js';
import { latencies, productSender, starts } from './latency.js';

const BACKLOGS = [0, 1000, 10_000, 100_000, 1_000_000];
const scale = (quick) => (quick ? 50 : 1);
const nameOf = (backlog) => `behind-${backlog}`;

/** What the picture in the guide "operating" is drawn from. */
export default {
  group: 'Backlog',
  databases: ['postgres'],
  maxRounds: 3,
  sizes: ({ quick }) => ({
    events: quick ? 2000 : 20_000,
    latencies: quick ? 20 : 100,
    warmUp: quick ? 10 : 1000,
    largestBacklog: BACKLOGS.at(-1) / scale(quick),
  }),
  contenders: Object.fromEntries(BACKLOGS.map((backlog) => [nameOf(backlog), contender(backlog)])),
  roles: {
    worker: (context) => productWorker({ ...context, worker: { concurrency: 100 } }),
  },
  rows: [
    { metric: 'perSecond', unit: '/s', title: 'deliveries drained by one process' },
    { metric: 'p50', unit: 'ms', title: 'idle latency, commit → handler starts, same process, p50' },
    { metric: 'p99', unit: 'ms', title: 'the same, p99' },
  ].map((row) => ({
    id: row.metric,
    ...row,
    compared: 'behind the largest backlog of a handler that no process runs / behind none',
    of: nameOf(BACKLOGS.at(-1)),
    to: nameOf(0),
  })),
};

/** Of each backlog: its size, and the metrics of its rounds. */
export function backlogSeries({ measured, sizes }) {
  const shrunk = BACKLOGS.at(-1) / sizes.largestBacklog;
  return BACKLOGS.map((backlog) => ({ backlog: backlog / shrunk, rounds: measured[nameOf(backlog)] }));
}

function contender(backlog) {
  return {
    prepare: async ({ address, sizes }) => {
      await fillBacklog({
        address,
        rows: (backlog * sizes.largestBacklog) / BACKLOGS.at(-1),
        state: 'pending',
      });
      await recordEvents({ address, count: sizes.events });
    },
    run: async (context) => ({ perSecond: await drain(context), ...(await idle(context)) }),
  };
}

async function drain({ address, sizes, start }) {
  const worker = start('worker');
  return withConnection(address, async (dataSource) => {
    const seconds = await secondsToDrain([worker], sizes.events, () => isHandled(dataSource));
    await assertSucceeded(dataSource, sizes.events);
    return sizes.events / seconds;
  });
}

async function idle({ address, sizes, seed }) {
  const started = starts();
  const handler = handlerOf(/^bench/, {}, () => started.at(now()));
  const application = await startApplication({ address, providers: [handler], options: { rescan: false } });
  const result = await latencies(
    { sizes: { events: sizes.latencies, warmUp: sizes.warmUp }, seed },
    started,
    productSender(application),
  );
  await application.close();
  return result;
}
