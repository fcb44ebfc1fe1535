import { productWorker, secondsToDrain } from '../harness/draining.js';
import { assertSucceeded, isHandled, recordEvents, withConnection } from '../harness/log.js';

/** One key: so many times fewer events, since they are handled one after the other. */
const FEWER = 10;

const ORDERED = { ordered: true };
const toUnordered = (id, title) => ({
  id,
  title,
  compared: 'ordered / unordered',
  of: id,
  to: 'unordered',
  metric: 'perSecond',
  unit: '/s',
});

export default {
  group: 'Order',
  needsOption: /ordered/,
  // None of its rows has a figure to reach.
  maxRounds: 3,
  sizes: ({ quick, database }) => ({ events: (quick ? 1000 : 10_000) / (database === 'postgres' ? 1 : 4) }),
  contenders: {
    unordered: contender({ keys: () => 100, ordered: false }),
    'keys-many': contender({ keys: (events) => events }),
    'keys-100': contender({ keys: () => 100 }),
    'key-one': contender({ keys: () => 1, share: 1 / FEWER }),
  },
  roles: {
    ordered: (context) =>
      productWorker({ ...context, handlerOptions: ORDERED, worker: { concurrency: 100 } }),
    unordered: (context) => productWorker({ ...context, worker: { concurrency: 100 } }),
  },
  rows: [
    toUnordered(
      'keys-many',
      'no-op events drained by one process, `ordered: true`, each event with an order key of its own',
    ),
    toUnordered('keys-100', 'the same, 100 order keys'),
    toUnordered('key-one', `the same, 1 order key (a tenth of the events)`),
  ],
};

function contender({ keys, ordered = true, share = 1 }) {
  const eventsOf = (sizes) => Math.ceil(sizes.events * share);
  const prepare = ({ address, sizes }) =>
    recordEvents({
      address,
      count: eventsOf(sizes),
      handlerOptions: ordered ? ORDERED : {},
      inputOf: (number) => ({ orderKey: `key ${number % keys(eventsOf(sizes))}` }),
    });
  const run = ({ address, sizes, start }) => {
    const worker = start(ordered ? 'ordered' : 'unordered');
    return withConnection(address, async (dataSource) => {
      const seconds = await secondsToDrain([worker], eventsOf(sizes), () => isHandled(dataSource));
      await assertSucceeded(dataSource, eventsOf(sizes));
      return { perSecond: eventsOf(sizes) / seconds };
    });
  };
  return { prepare, run };
}
