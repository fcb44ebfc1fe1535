import { startApplication, handlerOf } from '../harness/application.js';
import { now } from '../harness/clock.js';
import { Donation, DONATION_GROUP, donation, DonationEvents } from '../harness/donation.js';

const Handler = handlerOf(DONATION_GROUP, {}, () => undefined);

export default {
  group: 'Recording',
  sizes: ({ quick, database }) => ({
    saves: quick ? 300 : database === 'postgres' ? 4000 : 2000,
    // Until V8 has optimised what a save runs: before that its compiler is what is measured.
    warmUp: quick ? 50 : 5000,
  }),
  contenders: {
    bare: {
      run: (context) => timeSaves(context, { options: false }, (repository) => (row) => repository.save(row)),
    },
    outbox: { run: (context) => timeSaves(context, { options: false }, handWritten(context)) },
    product: {
      run: (context) =>
        timeSaves(
          context,
          { providers: [DonationEvents, Handler], options: { dispatch: 'none', rescan: false } },
          (repository) => (row) => repository.save(row),
        ),
    },
  },
  rows: [
    {
      id: 'bare',
      title: '`repository.save()` of one new entity; one source, one matching handler, handled elsewhere',
      compared: 'with / without the module',
      of: 'product',
      to: 'bare',
      metric: 'milliseconds',
      unit: 'ms',
      figure: { atMost: 1.6 },
    },
    {
      id: 'outbox',
      title: 'the same',
      compared:
        'with the module / hand-written: `dataSource.transaction` with `save` and an `INSERT` of one outbox row (key, group, payload, metadata, time)',
      of: 'product',
      to: 'outbox',
      metric: 'milliseconds',
      unit: 'ms',
      figure: { atMost: 1.15 },
    },
  ],
};

async function timeSaves({ address, sizes }, setup, saver) {
  const application = await startApplication({ address, entities: [Donation], ...setup });
  const save = await saver(application.dataSource.getRepository(Donation));
  for (let n = 0; n < sizes.warmUp; n++) await save(donation(n));
  const begin = now();
  for (let n = 0; n < sizes.saves; n++) await save(donation(n));
  const milliseconds = (now() - begin) / sizes.saves;
  await application.close();
  return { milliseconds };
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

const OUTBOX = {
  postgres: `CREATE TABLE outbox (position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, event_key text NOT NULL UNIQUE,
    event_group text NOT NULL, payload text, metadata text NOT NULL, occurred_at bigint NOT NULL)`,
  sqlite: `CREATE TABLE outbox (position INTEGER PRIMARY KEY AUTOINCREMENT, event_key TEXT NOT NULL UNIQUE,
    event_group TEXT NOT NULL, payload TEXT, metadata TEXT NOT NULL, occurred_at INTEGER NOT NULL)`,
  mysql: `CREATE TABLE outbox (position BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, event_key VARCHAR(255) NOT NULL UNIQUE,
    event_group VARCHAR(255) NOT NULL, payload LONGTEXT, metadata LONGTEXT NOT NULL, occurred_at BIGINT NOT NULL)`,
};
