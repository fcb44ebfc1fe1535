import { startApplication } from '../harness/application.js';
import { fillBacklog } from '../harness/behind.js';
import { now } from '../harness/clock.js';
import { withConnection } from '../harness/log.js';
import { countOf, fillDeliveries, fillEvents } from '../harness/tables.js';

const CHUNK = 1000;

export default {
  group: 'Operating',
  sizes: ({ quick }) => ({ dead: quick ? 10_000 : 100_000 }),
  prepare,
  contenders: { retry: { run: retry }, update: { run: update } },
  rows: [
    {
      id: 'retry',
      title: '`Deliveries.retry()` of dead letters',
      compared: 'retry / one UPDATE of the same rows, 1,000 of them at a time by their key',
      of: 'retry',
      to: 'update',
      metric: 'perSecond',
      unit: 'deliveries/s',
      figure: { atLeast: 0.4 },
    },
  ],
};

async function prepare({ address, sizes }) {
  await fillBacklog({ address, rows: 0 });
  await withConnection(address, async (dataSource) => {
    await fillEvents(dataSource, address.name, sizes.dead, 'old');
    await fillDeliveries(dataSource, address.name, sizes.dead, 'stopped', 'dead');
  });
}

async function retry({ address, sizes }) {
  const application = await startApplication({ address, options: { dispatch: 'none', rescan: false } });
  const begin = now();
  const retried = await application.deliveries.retry({ status: 'dead' });
  const seconds = (now() - begin) / 1000;
  await assertPending(application.dataSource, sizes.dead);
  await application.close();
  return { perSecond: retried / seconds };
}

async function update({ address, sizes }) {
  return withConnection(address, async (dataSource) => {
    const [{ id }] = await dataSource.query(`SELECT id FROM once_handler WHERE name = 'stopped'`);
    const begin = now();
    for (let after = 0; after < sizes.dead; after += CHUNK)
      await dataSource.query(
        `UPDATE once_delivery SET state = 0, attempts = 0, starts = starts + rescues, rescues = 0, cancel_requested = 0,
           due_at = ${Date.now()}, order_key = NULL
         WHERE handler_id = ${id} AND position > ${after} AND position <= ${after + CHUNK} AND state = 2`,
      );
    const seconds = (now() - begin) / 1000;
    await assertPending(dataSource, sizes.dead);
    return { perSecond: sizes.dead / seconds };
  });
}

async function assertPending(dataSource, expected) {
  const pending = await countOf(dataSource, 'once_delivery WHERE state = 0');
  if (pending !== expected) throw new Error(`Expected ${expected} deliveries to be pending, got ${pending}.`);
}
