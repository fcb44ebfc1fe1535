import pg from 'pg';
import { createApplication, handlerOf } from '../harness/application.js';
import { secondsToDrain, workUntilEnd } from '../harness/draining.js';
import { assertSucceeded, isHandled, recordEvents, withConnection } from '../harness/log.js';
import { countOf, isEmpty } from '../harness/tables.js';

const EFFECT = 'CREATE TABLE effect (event_key text NOT NULL)';
const CONCURRENCY = 8;

export default {
  group: 'Handling',
  databases: ['postgres'],
  sizes: ({ quick }) => ({ events: quick ? 1500 : 20_000 }),
  contenders: {
    product: { prepare: prepareProduct, run: runProduct },
    loop: { prepare: prepareLoop, run: runLoop },
  },
  roles: { product: productRole, loop: loopRole },
  rows: [
    {
      id: 'loop',
      title: 'transactional handlers, each writing one row; 8 at once',
      compared:
        'nestjs-once / a loop on bare `pg`: BEGIN, SELECT … FOR UPDATE SKIP LOCKED, INSERT, UPDATE, COMMIT (prepared statements)',
      of: 'product',
      to: 'loop',
      metric: 'perSecond',
      unit: '/s',
      figure: { atLeast: 0.7 },
    },
  ],
};

async function prepareProduct({ address, sizes }) {
  await withConnection(address, (dataSource) => dataSource.query(EFFECT));
  await recordEvents({ address, count: sizes.events, handlerOptions: { transactional: true } });
}

async function runProduct({ address, sizes, start }) {
  return timeEffects(
    { address, sizes },
    start('product'),
    async (dataSource) =>
      (await isHandled(dataSource)) && assertSucceeded(dataSource, sizes.events).then(() => true),
  );
}

async function productRole({ address, channel }) {
  let count;
  const handler = handlerOf(/^bench/, { transactional: true }, async (event, { manager }) => {
    await manager.query('INSERT INTO effect (event_key) VALUES ($1)', [event.key]);
    count();
  });
  // Two connections of the pool are kept free of handlers' transactions.
  const application = await createApplication({
    address,
    providers: [handler],
    poolSize: CONCURRENCY + 2,
    options: { rescan: false, worker: { concurrency: CONCURRENCY } },
  });
  return workUntilEnd(channel, async (handled) => {
    count = handled;
    await application.init();
    return () => application.close();
  });
}

async function prepareLoop({ address, sizes }) {
  await withConnection(address, async (dataSource) => {
    await dataSource.query(EFFECT);
    await dataSource.query(`CREATE TABLE job (position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, event_key text NOT NULL UNIQUE,
      event_group text NOT NULL, payload text, metadata text NOT NULL, state smallint NOT NULL DEFAULT 0, finished_at bigint) WITH (fillfactor = 70)`);
    await dataSource.query('CREATE INDEX job_pending ON job (position) WHERE state = 0');
    await dataSource.query(
      `INSERT INTO job (event_key, event_group, payload, metadata)
       SELECT 'bench_' || n, 'bench', '{"number":' || n || '}', '{"correlationId":"bench_' || n || '","source":"append"}' FROM generate_series(1, $1::integer) AS n`,
      [sizes.events],
    );
  });
}

async function runLoop({ address, sizes, start }) {
  return timeEffects({ address, sizes }, start('loop'), (dataSource) =>
    isEmpty(dataSource, 'job WHERE state = 0'),
  );
}

async function loopRole({ address, channel }) {
  const clients = Array.from({ length: CONCURRENCY }, () => new pg.Client(address.url));
  await Promise.all(clients.map((client) => client.connect()));
  return workUntilEnd(channel, async (handled) => {
    const done = Promise.all(clients.map((client) => loop(client, handled)));
    return async () => {
      await done;
      await Promise.all(clients.map((client) => client.end()));
    };
  });
}

async function loop(client, handled) {
  for (;;) {
    await client.query('BEGIN');
    const { rows } = await client.query({
      name: 'take',
      text: 'SELECT position, event_key, event_group, payload, metadata FROM job WHERE state = 0 ORDER BY position LIMIT 1 FOR UPDATE SKIP LOCKED',
    });
    const job = rows[0];
    if (!job) return void (await client.query('COMMIT'));
    JSON.parse(job.payload);
    await client.query({
      name: 'effect',
      text: 'INSERT INTO effect (event_key) VALUES ($1)',
      values: [job.event_key],
    });
    await client.query({
      name: 'done',
      text: 'UPDATE job SET state = 3, finished_at = $2 WHERE position = $1',
      values: [job.position, Date.now()],
    });
    await client.query('COMMIT');
    handled();
  }
}

async function timeEffects({ address, sizes }, worker, isDrained) {
  return withConnection(address, async (dataSource) => {
    const seconds = await secondsToDrain([worker], sizes.events, () => isDrained(dataSource));
    const effects = await countOf(dataSource, 'effect');
    if (effects !== sizes.events) throw new Error(`Expected ${sizes.events} rows written, got ${effects}.`);
    return { perSecond: sizes.events / seconds };
  });
}
