import { postgreSQLEventStoreConsumer } from '@event-driven-io/emmett-postgresql';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { createApplication, followerOf } from '../harness/application.js';
import { now } from '../harness/clock.js';
import { recordEvents, withConnection } from '../harness/log.js';
import { openEmmett } from '../harness/streams.js';
import { countOf } from '../harness/tables.js';

/** Rows of one transaction of the loop, and events that emmett reads at once. */
const ROWS = 100;
const BATCH = 1000;

/** What the follower writes of each event. */
class Seen {}
PrimaryColumn('int')(Seen.prototype, 'number');
Column('text')(Seen.prototype, 'eventKey');
Entity()(Seen);

export default {
  group: 'Followers',
  databases: ['postgres'],
  sizes: ({ quick }) => ({ events: quick ? 2000 : 50_000 }),
  contenders: {
    count: { prepare: prepareProduct, template: 'product', run: (context) => follow(context, counting) },
    write: { prepare: prepareProduct, template: 'product', run: (context) => follow(context, writing) },
    emmett: { prepare: prepareEmmett, run: consume },
    loop: { run: insertInLoop },
  },
  rows: [
    {
      id: 'count',
      title: 'a follower that counts in memory, over a backlog, tracked exactly once',
      compared: `nestjs-once / emmett's consumer, ${BATCH} at a time, with a handler that does nothing`,
      of: 'count',
      to: 'emmett',
      metric: 'perSecond',
      unit: 'events/s',
      figure: { atLeast: 3 },
    },
    {
      id: 'write',
      title: 'a follower that writes one row of each event through its manager',
      compared: `nestjs-once / a loop of the same \`manager.insert()\`, ${ROWS} to a transaction`,
      of: 'write',
      to: 'loop',
      metric: 'perSecond',
      unit: 'events/s',
      figure: { atLeast: 0.75 },
    },
  ],
};

function prepareProduct({ address, sizes }) {
  return recordEvents({ address, count: sizes.events });
}

async function prepareEmmett({ address, sizes }) {
  const streams = await openEmmett({ address });
  const write = streams.writer('backlog');
  for (let left = sizes.events; left > 0; left -= BATCH) await write(Math.min(BATCH, left));
  await streams.close();
}

const counting = { entities: [], handle: () => undefined };

const writing = {
  entities: [Seen],
  handle: ({ key, data: { number } }, { manager }) => manager.insert(Seen, { number, eventKey: key }),
  count: (dataSource) => countOf(dataSource, 'seen'),
};

/** From the start of the first method to the end of the last one. */
function stopwatch(count) {
  let done;
  const end = new Promise((resolve) => (done = resolve));
  let [left, begin] = [count, undefined];
  return {
    begin: () => (begin ??= now()),
    end: () => void (--left === 0 && done({ perSecond: (1000 * count) / (now() - begin) })),
    result: end,
  };
}

async function follow({ address, sizes }, { entities, handle, count }) {
  const watch = stopwatch(sizes.events);
  const follower = followerOf('bench', async (event, context) => {
    watch.begin();
    await handle(event, context);
    watch.end();
  });
  const application = await createApplication({
    address,
    entities,
    providers: [follower],
    options: { rescan: false },
  });
  await application.init();
  const result = await watch.result;
  const [{ position }] = await application.dataSource.query(
    'SELECT max(position) AS position FROM once_event',
  );
  await application.followers.waitFor('bench', Number(position));
  if (count && (await count(application.dataSource)) !== sizes.events)
    throw new Error(`Expected ${sizes.events} rows.`);
  await application.close();
  return result;
}

/** It tracks each message by a statement of its own, as its processors do. */
async function consume({ address, sizes }) {
  const watch = stopwatch(sizes.events);
  const consumer = postgreSQLEventStoreConsumer({
    connectionString: address.url,
    pulling: { batchSize: BATCH, pullingFrequencyInMs: 0 },
    stopWhen: { noMessagesLeft: true },
  });
  consumer.reactor({
    processorId: 'bench',
    startFrom: 'BEGINNING',
    eachMessage: () => {
      watch.begin();
      watch.end();
    },
  });
  await consumer.start();
  const result = await watch.result;
  await consumer.close();
  return result;
}

async function insertInLoop({ address, sizes }) {
  const application = await createApplication({ address, entities: [Seen], options: false });
  await application.init();
  const { dataSource } = application;
  const watch = stopwatch(sizes.events);
  for (let from = 0; from < sizes.events; from += ROWS)
    await dataSource.transaction(async (manager) => {
      for (let number = from; number < Math.min(from + ROWS, sizes.events); number++) {
        watch.begin();
        await manager.insert(Seen, { number, eventKey: `bench_${number}` });
        watch.end();
      }
    });
  const result = await watch.result;
  await application.close();
  const rows = await withConnection(address, (connection) => countOf(connection, 'seen'));
  if (rows !== sizes.events) throw new Error(`Expected ${sizes.events} rows, got ${rows}.`);
  return result;
}
