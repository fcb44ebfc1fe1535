import { fillBacklog } from '../harness/behind.js';
import { productWorker, secondsToDrain } from '../harness/draining.js';
import { atMost } from '../harness/figures.js';
import { assertSucceeded, isHandled, recordEvents, withConnection } from '../harness/log.js';

const to = (one, other, figures) => ({
  compared: `${NAMES[one]} / ${NAMES[other]}`,
  of: one,
  to: other,
  metric: 'microseconds',
  unit: 'µs',
  figures,
});
const NAMES = {
  none: 'none',
  done: 'finished ones',
  pending: 'pending ones of a handler that no process runs',
};
const title = 'claim and complete one delivery, with so many others in the tables';

export default {
  group: 'Backlog',
  sizes: ({ quick, database }) => ({
    events: quick ? 4000 : database === 'postgres' ? 20_000 : 10_000,
    others: quick ? 20_000 : database === 'postgres' ? 1_000_000 : 100_000,
  }),
  contenders: {
    none: { prepare: (context) => prepare(context, 0, 'finished'), run },
    done: {
      prepare: (context) => prepare(context, context.sizes.others, 'finished'),
      run: (context) => run(context, context.sizes.others),
    },
    pending: { prepare: (context) => prepare(context, context.sizes.others, 'pending'), run },
  },
  roles: {
    worker: (context) => productWorker({ ...context, worker: { concurrency: 100 } }),
  },
  rows: [
    { id: 'done', title, ...to('done', 'none', atMost(1.06, 1.13, 1.13)) },
    { id: 'pending', title: 'the same', ...to('pending', 'none', atMost(1.1, 1.22, 1.07)) },
    {
      id: 'apart',
      title: 'the same, whichever is slower',
      ...to('pending', 'done', atMost(1.13, 1.14, 1.2)),
      compare: (a, b) => Math.max(a / b, b / a),
    },
  ],
};

async function prepare({ address, sizes }, rows, state) {
  await fillBacklog({ address, rows, state });
  await recordEvents({ address, count: sizes.events });
}

async function run({ address, sizes, start }, finishedBefore = 0) {
  const worker = start('worker');
  return withConnection(address, async (dataSource) => {
    const seconds = await secondsToDrain([worker], sizes.events, () => isHandled(dataSource));
    await assertSucceeded(dataSource, sizes.events + finishedBefore);
    return { microseconds: (seconds * 1e6) / sizes.events };
  });
}
