import { now } from '../harness/clock.js';
import { openProduct } from '../harness/streams.js';

const EVENTS = 10_000;
/** Events that are saved at once. */
const BATCH = 1000;

const ENCRYPT = { key: { id: 'bench', secret: Buffer.alloc(32, 7) } };
const PAYLOADS = {
  plain: undefined,
  encrypted: { encrypt: ENCRYPT },
  packed: { compress: 'zlib', encrypt: ENCRYPT },
};

/** Of 256 bytes and more: what is smaller is not compressed. */
const more = { history: Array.from({ length: 12 }, (_, number) => `a step of the way, number ${number}`) };

export default {
  group: 'Aggregates',
  databases: ['postgres'],
  sizes: ({ quick }) => ({ events: EVENTS, loads: quick ? 3 : 30 }),
  contenders: Object.fromEntries(
    Object.entries(PAYLOADS).flatMap(([name, payload]) => [
      [name, contender(payload, {})],
      [`large-${name}`, contender(payload, more)],
    ]),
  ),
  rows: [
    row('encrypted', 'AES-256-GCM', 0.5),
    row('packed', 'zlib and AES-256-GCM', 0.35),
    row('encrypted', 'AES-256-GCM', undefined, 'large-'),
    row('packed', 'zlib and AES-256-GCM', 0.35, 'large-'),
  ],
};

function row(name, steps, atLeast, size = '') {
  return {
    id: `${size}${name}`,
    title: `loading an aggregate of all its events, of ${size ? 'some 550' : 'some 90'} bytes of JSON each`,
    compared: `${steps} / plain`,
    of: `${size}${name}`,
    to: `${size}plain`,
    metric: 'perSecond',
    unit: 'events/s',
    ...(atLeast ? { figure: { atLeast } } : {}),
  };
}

function contender(payload, extra) {
  const feature = payload ? { payload } : {};
  return {
    prepare: (context) => fill(context, feature, extra),
    run: (context) => timeLoads(context, feature),
  };
}

async function fill(context, feature, extra) {
  const streams = await openProduct(context, feature, extra);
  const append = streams.writer('all');
  for (let done = 0; done < EVENTS; done += BATCH) await append(BATCH);
  await streams.close();
}

async function timeLoads(context, feature) {
  const { loads } = context.sizes;
  const streams = await openProduct(context, feature);
  for (let time = 0; time < loads; time++) await load(streams);
  const begin = now();
  for (let time = 0; time < loads; time++) await load(streams);
  const seconds = (now() - begin) / 1000;
  await streams.close();
  return { perSecond: (EVENTS * loads) / seconds };
}

async function load(streams) {
  const read = await streams.load('all');
  if (read !== EVENTS) throw new Error(`Expected ${EVENTS} events, got ${read}.`);
}
