import { getPostgreSQLEventStore } from '@event-driven-io/emmett-postgresql';
import { setNodePostgresTypeRawParser } from '@event-driven-io/dumbo';
import { Account, deposit } from './account.js';
import { startApplication } from './application.js';
import { connectedPool } from './graphile.js';
import { countOf } from './tables.js';

/*
 * Three ways to keep streams of events. Each is `open`ed to `{ writer, load, count, close }`: a writer appends so many events
 * to one stream at a time, the version that is there being expected.
 */

const POOL = 10;

/** `feature` has more options of `forFeature`, `extra` more of what each event says. */
export async function openProduct({ address }, feature = {}, extra = {}) {
  const application = await startApplication({
    address,
    poolSize: POOL,
    options: { dispatch: 'none', rescan: false },
    feature: { aggregates: [Account], ...feature },
  });
  const accounts = application.repositoryOf(Account);
  await connectAll((query) => application.dataSource.query(query));
  return {
    accounts,
    writer: (id) => {
      const account = new Account(id);
      return async (events) => {
        for (let made = 0; made < events; made++)
          account.deposited({ ...deposit(account.version), ...extra });
        await accounts.save(account);
      };
    },
    load: async (id) => (await accounts.get(id)).version,
    count: () => countOf(application.dataSource, 'once_event'),
    close: () => application.close(),
  };
}

/**
 * emmett in its quickest configuration: a pool that is connected, its tables made beforehand and not looked for again, a
 * version expected, for which it need not ask, and JSON parsed without its reviver of large numbers.
 */
export async function openEmmett({ address }) {
  setNodePostgresTypeRawParser();
  const pool = await connectedPool(address, POOL);
  const store = getPostgreSQLEventStore(address.url, {
    connectionOptions: { pool },
    schema: { autoMigration: 'None' },
  });
  await store.schema.migrate();
  await connectAll((query) => pool.query(query));
  return {
    writer: (id) => {
      let version = 0n;
      return async (events) => {
        const made = Array.from({ length: events }, (_, index) => ({
          type: 'Deposited',
          data: deposit(Number(version) + index),
        }));
        const result = await store.appendToStream(`account-${id}`, made, { expectedStreamVersion: version });
        version = result.nextExpectedStreamVersion;
      };
    },
    load: async (id) => (await store.readStream(`account-${id}`)).events.length,
    count: () => countOf(asDataSource(pool), 'emt_messages'),
    close: () => pool.end(),
  };
}

/** One table with the one index that keeps versions unique, and one prepared statement that commits by itself. */
export async function openInsert({ address }) {
  const pool = await connectedPool(address, POOL);
  await pool.query(TABLE);
  await connectAll((query) => pool.query(query));
  return {
    writer: (id) => {
      let version = 0;
      return async (events) => {
        const rows = Array.from({ length: events }, (_, index) => rowOf(id, version + index));
        version += events;
        await pool.query(events === 1 ? insertOne(rows[0]) : insertMany(rows));
      };
    },
    count: () => countOf(asDataSource(pool), 'bare_event'),
    close: () => pool.end(),
  };
}

const TABLE = `CREATE TABLE bare_event (position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, stream text NOT NULL,
  version bigint NOT NULL, type text NOT NULL, data text NOT NULL, metadata text NOT NULL, occurred_at bigint NOT NULL,
  UNIQUE (stream, version))`;
const COLUMNS = 'stream, version, type, data, metadata, occurred_at';

function rowOf(id, before) {
  const metadata = JSON.stringify({ correlationId: `${id}:${before + 1}`, source: 'bench' });
  return [id, before + 1, 'Deposited', JSON.stringify(deposit(before)), metadata, Date.now()];
}

function insertOne(values) {
  const text = `INSERT INTO bare_event (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6)`;
  return { name: 'insert', text, values };
}

function insertMany(rows) {
  const text = `INSERT INTO bare_event (${COLUMNS})
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[])`;
  return { name: 'insert-many', text, values: rows[0].map((_, column) => rows.map((row) => row[column])) };
}

/** What asks and is answered with the rows alone. */
function asDataSource(pool) {
  return { query: async (sql) => (await pool.query(sql)).rows };
}

/** So that no connection is made while something is measured. */
function connectAll(query) {
  return Promise.all(Array.from({ length: POOL }, () => query('SELECT pg_sleep(0.05)')));
}
