import { startApplication } from '../harness/application.js';
import { now } from '../harness/clock.js';
import { Donation, DONATION_GROUP, DonationEvents } from '../harness/donation.js';
import { atLeast } from '../harness/figures.js';
import { withConnection } from '../harness/log.js';
import { recorders } from '../harness/recorders.js';
import { countOf, fillDonations } from '../harness/tables.js';

const BATCH = 1000;
export default {
  group: 'Re-scan',
  sizes: ({ quick, database }) => ({ rows: quick ? 20_000 : database === 'postgres' ? 200_000 : 30_000 }),
  prepare,
  contenders: { rescan: { run: rescan }, insert: { run: insert } },
  rows: [
    {
      id: 'rate',
      title: 're-scan, one event per row, every key new, no handler',
      compared:
        're-scan, which reads the rows / one statement per 1,000 events on the bare driver into the same table (PostgreSQL: `INSERT … SELECT unnest`; MariaDB, MySQL: one `INSERT` of 1,000 rows; SQLite: a prepared `INSERT`, 1,000 in a transaction)',
      of: 'rescan',
      to: 'insert',
      metric: 'perSecond',
      unit: 'events/s',
      figures: atLeast(0.36, 0.37, 0.32),
    },
  ],
};

async function prepare({ address, sizes }) {
  const application = await startApplication(setup(address));
  await fillDonations(application.dataSource, address.name, sizes.rows);
  await application.close();
}

function setup(address) {
  return {
    address,
    entities: [Donation],
    providers: [DonationEvents],
    options: { dispatch: 'none', rescan: false },
  };
}

async function rescan({ address, sizes }) {
  const application = await startApplication(setup(address));
  const begin = now();
  const { totals, scans } = await application.rescan.run();
  const perSecond = totals.recorded / ((now() - begin) / 1000);
  if (totals.recorded !== sizes.rows)
    throw new Error(
      `Expected ${sizes.rows} new events: ${JSON.stringify({ ...totals, error: scans[0]?.errors[0]?.message })}.`,
    );
  await application.close();
  return { perSecond };
}

async function insert({ address, sizes }) {
  const { record, close } = await recorders[address.name](address);
  const begin = now();
  for (let from = 0; from < sizes.rows; from += BATCH) {
    await record(
      Array.from({ length: Math.min(BATCH, sizes.rows - from) }, (_, index) => eventRow(from + index + 1)),
      from + 1,
    );
  }
  const perSecond = sizes.rows / ((now() - begin) / 1000);
  await close();
  const count = await withConnection(address, (dataSource) => countOf(dataSource, 'once_event'));
  if (count !== sizes.rows) throw new Error(`Expected ${sizes.rows} events, got ${count}.`);
  return { perSecond };
}

/** What the product records of donation `id`. */
function eventRow(id) {
  const key = `${DONATION_GROUP}_${id}`;
  const payload = JSON.stringify({
    donation: { $type: 'entity', value: { entity: 'Donation', id: { id } } },
  });
  return [
    key,
    DONATION_GROUP,
    payload,
    'json',
    JSON.stringify({ correlationId: key, source: 'bench' }),
    Date.now(),
    Date.now(),
    1,
  ];
}
