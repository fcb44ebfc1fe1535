import { now } from '../harness/clock.js';
import { openEmmett, openInsert, openProduct } from '../harness/streams.js';

const STORES = { product: openProduct, emmett: openEmmett, insert: openInsert };

/** How many write at once, each to a stream of its own, and how many events at a time. */
const WAYS = {
  one: { writers: 1, events: 1, title: 'one new event of an aggregate, one save after another' },
  ten: { writers: 10, events: 1, title: 'one new event of an aggregate, ten saves at a time' },
  hundred: { writers: 1, events: 100, title: '100 new events of an aggregate in one save' },
};

const INSERT = 'one autocommitted `INSERT` on bare `pg`, prepared, into a table with one unique index';
const UNNEST =
  'one autocommitted `INSERT … SELECT … FROM unnest(…)` on bare `pg`, prepared, into a table with one unique index';

export default {
  group: 'Aggregates',
  databases: ['postgres'],
  sizes: ({ quick }) => ({
    saves: quick ? 200 : 3000,
    savesOf100: quick ? 10 : 100,
    // Until V8 has optimised what a save runs.
    warmUp: quick ? 50 : 3000,
  }),
  contenders: Object.fromEntries(
    Object.keys(WAYS).flatMap((way) =>
      Object.keys(STORES).map((store) => [
        `${store}-${way}`,
        { run: (context) => time(context, store, WAYS[way]) },
      ]),
    ),
  ),
  rows: [
    row('one', 'emmett', 1.3),
    row('one', 'insert', 0.5, INSERT),
    row('ten', 'emmett', 1.3),
    row('ten', 'insert', 0.5, INSERT),
    row('hundred', 'emmett', 1.5),
    row('hundred', 'insert', 0.4, UNNEST),
  ],
};

function row(way, peer, atLeast, other = "emmett's `appendToStream`") {
  return {
    id: `${way}-${peer}`,
    title: WAYS[way].title,
    compared: `\`AggregateRepository.save()\` / ${other}`,
    of: `product-${way}`,
    to: `${peer}-${way}`,
    metric: 'perSecond',
    unit: 'events/s',
    figure: { atLeast },
  };
}

async function time(context, store, { writers, events }) {
  const { saves, savesOf100, warmUp } = context.sizes;
  const streams = await STORES[store](context);
  const write = Array.from({ length: writers }, (_, number) => streams.writer(`writer${number}`));
  const times = events === 1 ? saves / writers : savesOf100;
  const before = Math.ceil(warmUp / writers / events);
  await atOnce(write, before, events);
  const begin = now();
  await atOnce(write, times, events);
  const seconds = (now() - begin) / 1000;
  const [count, expected] = [await streams.count(), (before + times) * writers * events];
  if (count !== expected) throw new Error(`Expected ${expected} events, found ${count}.`);
  await streams.close();
  return { perSecond: (times * writers * events) / seconds };
}

function atOnce(write, times, events) {
  return Promise.all(
    write.map(async (append) => {
      for (let time = 0; time < times; time++) await append(events);
    }),
  );
}
