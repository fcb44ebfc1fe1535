import { DONATION_GROUP } from './donation.js';

/** A statement that yields the numbers 1 to `count` as `n`, for `INSERT … SELECT`. */
function numbers(database, count) {
  switch (database) {
    case 'postgres':
      return `(SELECT n FROM generate_series(1, ${count}) AS n) AS numbers`;
    case 'mariadb':
      return `(SELECT seq AS n FROM seq_1_to_${count}) AS numbers`;
    case 'mysql':
      return `(SELECT (thousands.i - 1) * 1000 + ones.i AS n
        FROM ${rows(Math.ceil(count / 1000))} thousands CROSS JOIN ${rows(1000)} ones
        WHERE (thousands.i - 1) * 1000 + ones.i <= ${count}) AS numbers`;
    case 'sqlite':
      return `(WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < ${count}) SELECT n FROM series) AS numbers`;
  }
}

/** So many rows with their numbers `i`, from 1; MySQL has nothing that makes them but this, and a recursion with a limit. */
function rows(count) {
  return `JSON_TABLE(CONCAT('[0', REPEAT(',0', ${count - 1}), ']'), '$[*]' COLUMNS (i FOR ORDINALITY))`;
}

function text(database, ...parts) {
  return database === 'mysql' || database === 'mariadb'
    ? `concat(${parts.join(', ')})`
    : `(${parts.join(' || ')})`;
}

/** As many donations, by SQL. */
export async function fillDonations(dataSource, database, count) {
  const donor = text(database, "'donor '", '(n % 1000)');
  await dataSource.query(
    `INSERT INTO donation (id, donor, amount, message)
     SELECT n, ${donor}, n % 500, 'Keep up the good work, all of you!' FROM ${numbers(database, count)}`,
  );
  if (database === 'postgres') await dataSource.query(`SELECT setval('donation_id_seq', ${count})`);
}

/** As many events as the log would hold of donations 1 to `count`, by SQL, at positions of the same numbers. */
export async function fillEvents(dataSource, database, count, group = DONATION_GROUP) {
  const key = text(database, `'${group}_'`, 'n');
  const payload = text(database, `'{"number":'`, 'n', `'}'`);
  const metadata = text(database, `'{"correlationId":"${group}_'`, 'n', `'","source":"bench"}'`);
  const version = `(SELECT value FROM once_state WHERE name = 'registry_version')`;
  await dataSource.query(
    `INSERT INTO once_event (position, event_key, event_group, payload, encoding, metadata, occurred_at, recorded_at, registry_version)
     SELECT n, ${key}, '${group}', ${payload}, 'json', ${metadata}, ${Date.now()}, ${Date.now()}, ${version} FROM ${numbers(database, count)}`,
  );
  if (database === 'postgres') await dataSource.query(`SELECT setval('once_event_position', ${count})`);
  // They have the deliveries that they are to have: the worker need not look.
  await dataSource.query(`UPDATE once_state SET value = ${count} WHERE name = 'fan_out'`);
}

/** Deliveries of events 1 to `count` to the handler: `pending` since an hour ago, `dead`, or `finished`. */
export async function fillDeliveries(dataSource, database, count, handler, state) {
  const id = `(SELECT id FROM once_handler WHERE name = '${handler}')`;
  const since = Date.now() - 3_600_000;
  const [table, columns, values] = {
    pending: ['once_delivery', 'due_at', `${since} + n / 100`],
    dead: ['once_delivery', 'state, attempts, due_at, failed_at', `2, 11, ${since}, ${since} + n / 100`],
    finished: ['once_delivery_finished', 'state, attempts, finished_at', `3, 1, ${since} + n / 100`],
  }[state];
  await dataSource.query(
    `INSERT INTO ${table} (handler_id, position, ${columns}) SELECT ${id}, n, ${values} FROM ${numbers(database, count)}`,
  );
}

export async function countOf(dataSource, table) {
  const [{ count }] = await dataSource.query(`SELECT count(*) AS count FROM ${table}`);
  return Number(count);
}

/** By SQL's own means whether the table has a row. */
export async function isEmpty(dataSource, table) {
  return (await dataSource.query(`SELECT 1 FROM ${table} LIMIT 1`)).length === 0;
}
