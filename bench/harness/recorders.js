import libsql from 'libsql';
import { createConnection } from 'mysql2/promise';
import pg from 'pg';

/** What an event without stream, tags and order key has, in the order of the values of a row. */
const COLUMNS = [
  'event_key',
  'event_group',
  'payload',
  'encoding',
  'metadata',
  'occurred_at',
  'recorded_at',
  'registry_version',
];
const TYPES = ['text', 'text', 'text', 'text', 'text', 'bigint', 'bigint', 'integer'];

/**
 * By the name of a database: opens what records rows on its bare driver, as fast as it can. `record(rows, first)` gives them the
 * positions from `first` where the database gives none.
 */
export const recorders = {
  async postgres({ url }) {
    const client = new pg.Client(url);
    await client.connect();
    const arrays = TYPES.map((type, index) => `$${index + 1}::${type}[]`).join(', ');
    const statement = `INSERT INTO once_event (${COLUMNS.join(', ')}) SELECT * FROM unnest(${arrays})`;
    const record = (rows) =>
      client.query(
        statement,
        TYPES.map((_, column) => rows.map((row) => row[column])),
      );
    return { record, close: () => client.end() };
  },
  mariadb: mysqlRecorder,
  mysql: mysqlRecorder,
  async sqlite({ url }) {
    const database = new libsql(url);
    database.pragma('journal_mode = WAL');
    const statement = database.prepare(
      `INSERT INTO once_event (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map(() => '?').join(', ')})`,
    );
    const record = database.transaction((rows) => rows.forEach((row) => statement.run(...row)));
    return { record, close: () => database.close() };
  },
};

async function mysqlRecorder({ url }) {
  const connection = await createConnection(url);
  const statement = `INSERT INTO once_event (position, ${COLUMNS.join(', ')}) VALUES ?`;
  const record = (rows, first) =>
    connection.query(statement, [rows.map((row, index) => [first + index, ...row])]);
  return { record, close: () => connection.end() };
}
