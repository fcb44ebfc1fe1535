import { MoreThan } from 'typeorm';
import { startApplication } from '../harness/application.js';
import { now } from '../harness/clock.js';
import { Donation, DonationEvents } from '../harness/donation.js';
import { atLeast, atMost } from '../harness/figures.js';
import { fillDonations, fillEvents } from '../harness/tables.js';

const PAGE = 1000;
const paging =
  're-scan / the same rows read page by page through TypeORM alone (`find` behind the last id, 1,000 at a time) in a Nest application without the module';

export default {
  group: 'Re-scan',
  sizes: ({ quick, database }) => ({ rows: quick ? 50_000 : database === 'postgres' ? 1_000_000 : 100_000 }),
  prepare,
  contenders: { rescan: { run: rescan }, paging: { run: page } },
  rows: [
    {
      id: 'rate',
      title: 're-scan, one event per row, every key known',
      compared: paging,
      of: 'rescan',
      to: 'paging',
      metric: 'perSecond',
      unit: 'rows/s',
      figures: atLeast(0.43, 0.48, 0.41),
    },
    {
      id: 'memory',
      title: 'peak resident memory of that',
      compared: paging,
      of: 'rescan',
      to: 'paging',
      metric: 'mebibytes',
      unit: 'MiB',
      difference: true,
      compare: (rescanned, paged) => rescanned - paged,
      figures: atMost(35.4, 6.6, 32.2),
    },
  ],
};

async function prepare({ address, sizes }) {
  const application = await startApplication(setup(address));
  await fillDonations(application.dataSource, address.name, sizes.rows);
  await fillEvents(application.dataSource, address.name, sizes.rows);
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
  const perSecond = totals.rows / ((now() - begin) / 1000);
  if (totals.rows !== sizes.rows || totals.recorded > 0 || totals.failed > 0)
    throw new Error(
      `Not what was prepared: ${JSON.stringify({ ...totals, error: scans[0]?.errors[0]?.message })}.`,
    );
  return finished(application, perSecond);
}

async function page({ address, sizes }) {
  const application = await startApplication({ address, entities: [Donation], options: false });
  const repository = application.dataSource.getRepository(Donation);
  const begin = now();
  let count = 0;
  for (let last = 0; ;) {
    const rows = await repository.find({ where: { id: MoreThan(last) }, order: { id: 'ASC' }, take: PAGE });
    if (rows.length === 0) break;
    count += rows.length;
    last = rows.at(-1).id;
  }
  const perSecond = count / ((now() - begin) / 1000);
  if (count !== sizes.rows) throw new Error(`Expected ${sizes.rows} rows, got ${count}.`);
  return finished(application, perSecond);
}

async function finished(application, perSecond) {
  const mebibytes = process.resourceUsage().maxRSS / 1024;
  await application.close();
  return { perSecond, mebibytes };
}
