import { startApplication, handlerOf } from '../harness/application.js';
import { now } from '../harness/clock.js';
import {
  Donation,
  DONATION_GROUP,
  donation,
  DonationEvents,
  Pledge,
  PLEDGE_GROUP,
  PledgeEvents,
  UntaggedDonationEvents,
} from '../harness/donation.js';
import { atMost } from '../harness/figures.js';
import { countOf } from '../harness/tables.js';
import { registerTelemetry } from '../harness/telemetry.js';

const Handler = handlerOf(DONATION_GROUP, {}, () => undefined);
const PledgeHandler = handlerOf(PLEDGE_GROUP, {}, () => undefined);
const OPTIONS = { dispatch: 'none', rescan: false };

const WITHOUT = { options: false };
const WITH_SOURCE = { providers: [DonationEvents, Handler], options: OPTIONS };
const WITHOUT_TAG = { providers: [UntaggedDonationEvents, Handler], options: OPTIONS };
/** The module has work, but none with what is saved. */
const WITHOUT_SOURCE = { providers: [PledgeEvents, PledgeHandler], options: OPTIONS };

const TITLE = '`repository.save()` of one new entity';
const RECORDED = `${TITLE}; one source, one matching handler, handled elsewhere`;
const inMilliseconds = { metric: 'milliseconds', unit: 'ms' };

export default {
  group: 'Recording',
  sizes: ({ quick, database }) => ({
    saves: quick ? 300 : database === 'sqlite' ? 2000 : 1500,
    // Until V8 has optimised what a save runs: before that its compiler is what is measured.
    warmUp: quick ? 50 : 5000,
  }),
  warmsUp: true,
  // In this order: those whose figures leave the least room are measured one behind the other.
  contenders: {
    loaded: { run: (context) => timeSaves(context, WITHOUT_SOURCE) },
    bare: { run: (context) => timeSaves(context, WITHOUT) },
    'bare-again': { run: (context) => timeSaves(context, WITHOUT) },
    outbox: { run: (context) => timeSaves(context, WITHOUT, handWritten(context)) },
    product: { run: (context) => timeSaves(context, WITH_SOURCE) },
    untagged: { run: (context) => timeSaves(context, WITHOUT_TAG) },
    telemetry: { run: timeTracedSaves },
  },
  rows: [
    {
      id: 'noise',
      title: `${TITLE}: how far apart chance alone puts two figures`,
      compared: 'without the module / without the module',
      of: 'bare-again',
      to: 'bare',
      ...inMilliseconds,
    },
    {
      id: 'loaded',
      title: `${TITLE} that has no source; another entity has one`,
      compared: 'with / without the module',
      of: 'loaded',
      to: 'bare',
      ...inMilliseconds,
      figures: atMost(1.05, 1.25, 1.05),
    },
    {
      id: 'bare',
      title: RECORDED,
      compared: 'with / without the module',
      of: 'product',
      to: 'bare',
      ...inMilliseconds,
      figures: atMost(1.7, 2.2, 2.2),
    },
    {
      id: 'outbox',
      title: RECORDED,
      compared:
        'with the module / hand-written: `dataSource.transaction` with `save` and an `INSERT` of one outbox row (key, group, payload, metadata, time)',
      of: 'product',
      to: 'outbox',
      ...inMilliseconds,
      figures: atMost(1.3, 1.75, 1.75),
    },
    {
      id: 'tagged',
      title: RECORDED,
      compared: 'the event tagged with its entity / without the tag',
      of: 'product',
      to: 'untagged',
      ...inMilliseconds,
      figures: { postgres: { atMost: 1.1 } },
    },
    {
      id: 'telemetry',
      title: RECORDED,
      compared: "with the module and OpenTelemetry's SDK / with the module alone",
      of: 'telemetry',
      to: 'product',
      ...inMilliseconds,
      figures: { postgres: { atMost: 1.25 } },
    },
  ],
};

function saving(repository) {
  return (row) => repository.save(row);
}

async function timeSaves({ address, sizes, warmedUp }, setup, saver = saving) {
  const application = await startApplication({ address, entities: [Donation, Pledge], ...setup });
  const save = await saver(application.dataSource.getRepository(Donation));
  for (let n = 0; n < sizes.warmUp; n++) await save(donation(n));
  await warmedUp();
  const begin = now();
  for (let n = 0; n < sizes.saves; n++) await save(donation(n));
  const milliseconds = (now() - begin) / sizes.saves;
  if (setup.options) await assertRecorded(application, setup === WITHOUT_SOURCE ? 0 : savesOf(sizes));
  await application.close();
  return { milliseconds };
}

async function timeTracedSaves(context) {
  const telemetry = registerTelemetry();
  const result = await timeSaves(context, WITH_SOURCE);
  const spans = await telemetry.exported();
  const expected = savesOf(context.sizes);
  if (spans < expected) throw new Error(`Expected a span of each of ${expected} saves, got ${spans}.`);
  return result;
}

function savesOf({ saves, warmUp }) {
  return saves + warmUp;
}

async function assertRecorded({ dataSource }, expected) {
  const count = await countOf(dataSource, 'once_event');
  if (count !== expected) throw new Error(`Expected ${expected} events in the log, found ${count}.`);
}

/** What one writes who has an outbox and no library: the same row in the same transaction. */
function handWritten({ address }) {
  return async (repository) => {
    const { dataSource: source } = repository.manager;
    await source.query(OUTBOX[address.name]);
    const values = address.name === 'postgres' ? '$1, $2, $3, $4, $5' : '?, ?, ?, ?, ?';
    const insert = `INSERT INTO outbox (event_key, event_group, payload, metadata, occurred_at) VALUES (${values})`;
    return (row) =>
      source.transaction(async (manager) => {
        await manager.save(row);
        const key = `${DONATION_GROUP}_${row.id}`;
        const metadata = JSON.stringify({ correlationId: key, source: 'bench' });
        await manager.query(insert, [
          key,
          DONATION_GROUP,
          JSON.stringify({ donation: { id: row.id } }),
          metadata,
          Date.now(),
        ]);
      });
  };
}

const MYSQL_OUTBOX = `CREATE TABLE outbox (position BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, event_key VARCHAR(255) NOT NULL UNIQUE,
    event_group VARCHAR(255) NOT NULL, payload LONGTEXT, metadata LONGTEXT NOT NULL, occurred_at BIGINT NOT NULL)`;

const OUTBOX = {
  mariadb: MYSQL_OUTBOX,
  mysql: MYSQL_OUTBOX,
  postgres: `CREATE TABLE outbox (position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, event_key text NOT NULL UNIQUE,
    event_group text NOT NULL, payload text, metadata text NOT NULL, occurred_at bigint NOT NULL)`,
  sqlite: `CREATE TABLE outbox (position INTEGER PRIMARY KEY AUTOINCREMENT, event_key TEXT NOT NULL UNIQUE,
    event_group TEXT NOT NULL, payload TEXT, metadata TEXT NOT NULL, occurred_at INTEGER NOT NULL)`,
};
