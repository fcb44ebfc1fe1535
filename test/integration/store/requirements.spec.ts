import pg from 'pg';
import { DataSource } from 'typeorm';
import { Database } from '../../../lib/store/db/database.js';
import { assertRights, assertSettings } from '../../../lib/store/db/requirements.js';
import { prepareSchema } from '../../../lib/store/db/schema.js';
import { LogBench } from '../../../lib/testing/conformance/log-bench.js';
import { startApplication } from '../../support/application.js';
import {
  type DatabaseAddress,
  dataSourceOptionsFrom,
  describeEachDatabase,
} from '../../support/databases.js';

const NAMING = { prefix: 'once_' };
const ROLE = `once_test_${process.pid}_${process.env.JEST_WORKER_ID}`;

/** Statements that set what the log cannot work with, and a word of what is said of it. */
const WRONG: Record<DatabaseAddress['name'], [statement: string, said: string][]> = {
  sqlite: [],
  postgres: [
    ['SET array_nulls = off', 'array_nulls'],
    ['SET default_transaction_read_only = on', 'read-only'],
  ],
  mariadb: [
    ["SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'", 'NO_BACKSLASH_ESCAPES'],
    ["SET SESSION sql_mode = 'EMPTY_STRING_IS_NULL'", 'EMPTY_STRING_IS_NULL'],
    ['SET SESSION autocommit = 0', 'autocommit'],
    ['SET SESSION TRANSACTION READ ONLY', 'read-only'],
    ['SET NAMES latin1', 'utf8mb4'],
  ],
  mysql: [
    ["SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'", 'NO_BACKSLASH_ESCAPES'],
    ["SET SESSION binlog_format = 'STATEMENT'", 'binlog_format'],
    ['SET SESSION autocommit = 0', 'autocommit'],
    ['SET SESSION TRANSACTION READ ONLY', 'read-only'],
    ['SET NAMES latin1', 'utf8mb4'],
  ],
};

/** Settings that change the meaning of statements, but of none of the log's. */
const HARMLESS: Record<DatabaseAddress['name'], string[]> = {
  sqlite: [],
  postgres: [
    'SET standard_conforming_strings = off',
    `SET timezone = 'Asia/Kathmandu'`,
    `SET bytea_output = 'escape'`,
    `SET default_transaction_isolation = 'serializable'`,
  ],
  mariadb: [
    "SET SESSION sql_mode = 'ORACLE'",
    "SET SESSION sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT,NO_AUTO_VALUE_ON_ZERO,PAD_CHAR_TO_FULL_LENGTH'",
    "SET SESSION sql_mode = ''",
    "SET SESSION time_zone = '+05:45'",
  ],
  mysql: [
    "SET SESSION sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT,NO_AUTO_VALUE_ON_ZERO,ONLY_FULL_GROUP_BY'",
    "SET SESSION sql_mode = ''",
    "SET SESSION time_zone = '+05:45'",
  ],
};

describeEachDatabase('what the log needs of a database', (db) => {
  const opened: DataSource[] = [];
  const open = async (address: DatabaseAddress) => {
    const dataSource = await new DataSource(dataSourceOptionsFrom(address, { poolSize: 1 })).initialize();
    opened.push(dataSource);
    return dataSource;
  };
  afterEach(() => Promise.all(opened.splice(0).map((dataSource) => dataSource.destroy())));

  const prepared = async () => {
    const address = await db.create();
    const database = new Database(await open(address), NAMING);
    database.dialect.driver.install?.(database.dataSource);
    await prepareSchema(database, 'migrate');
    return { address, database };
  };

  it('is there by default', async () => {
    const { database } = await prepared();
    await assertSettings(database);
    await assertRights(database, true);
  });

  for (const [statement, said] of WRONG[db.name])
    it(`is not there after ${statement}: a typed error says so`, async () => {
      const { database } = await prepared();
      await database.dataSource.query(statement);
      await expect(assertSettings(database)).rejects.toMatchObject({
        code: 'DATABASE_NOT_READY',
        message: expect.stringContaining(said) as unknown,
      });
    });

  for (const statement of HARMLESS[db.name])
    it(`is there after ${statement}: events are recorded and handled`, async () => {
      const { database } = await prepared();
      await database.dataSource.query(statement);
      await assertSettings(database);
      await assertRights(database, true);
      const bench = new LogBench(() => Promise.resolve(database.dataSource));
      const [handler, worker] = [await bench.handler(), await bench.worker()];
      const ids = await bench.deliveries(handler, 2);
      expect(await bench.claim(worker, handler)).toHaveLength(2);
      const queue = await bench.queue();
      const first = { ...ids[0]!, error: String.raw`it's \a "text" || '' ` };
      expect(await queue.fail(worker, first)).toBe(true);
      expect((await bench.delivery(ids[0]!))!.error).toBe(first.error);
      expect(await queue.complete(worker, [ids[1]!])).toHaveLength(1);
    });

  // A pooler hands no such setting on.
  if (db.name !== 'sqlite' && !db.pooled)
    it('is asked for at the start of an application, which fails', async () => {
      const options = {
        postgres: { extra: { options: '-c array_nulls=off' } },
        mysql: { charset: 'LATIN1_SWEDISH_CI' },
      };
      const database = dataSourceOptionsFrom(await db.create(), options[db.dialect as 'mysql']);
      await expect(startApplication({ database })).rejects.toMatchObject({ code: 'DATABASE_NOT_READY' });
    });

  if (db.name === 'sqlite')
    it('are writes: a connection that may only read is refused', async () => {
      const { database } = await prepared();
      await database.dataSource.query('PRAGMA query_only = 1');
      await expect(assertRights(database, true)).rejects.toMatchObject({
        code: 'DATABASE_NOT_READY',
        message: expect.stringContaining('UPDATE on "once_state"') as unknown,
      });
    });

  if (db.name === 'postgres')
    it('is no parser of types: numbers and booleans may come as the application wants them', async () => {
      const types = [16, 20, 21, 23].map((oid) => [oid, pg.types.getTypeParser(oid)] as const);
      const bench = new LogBench(async () => (await prepared()).database.dataSource);
      try {
        for (const [oid] of types)
          pg.types.setTypeParser(oid, (text) => (oid === 16 ? `a boolean: ${text}` : BigInt(text)));
        const [handler, worker] = [await bench.handler(), await bench.worker()];
        const ids = await bench.deliveries(handler, 3);
        expect(await bench.claim(worker, handler)).toHaveLength(3);
        const queue = await bench.queue();
        expect(await queue.complete(worker, [ids[0]!])).toHaveLength(1);
        expect(await queue.complete(worker, ids.slice(1))).toHaveLength(2);
        const database = await bench.database();
        await assertSettings(database);
        await assertRights(database, true);
      } finally {
        for (const [oid, parser] of types) pg.types.setTypeParser(oid, parser);
      }
    });

  if (db.name === 'postgres')
    it('are rights on tables, the sequence and the functions, each named; a process that only records needs less', async () => {
      const { database } = await prepared();
      const { dataSource } = database;
      await dataSource.query(`CREATE ROLE ${ROLE}`);
      const problems = async (handles: boolean) => {
        await dataSource.query(`SET ROLE ${ROLE}`);
        const failed = await assertRights(database, handles).then(() => '', String);
        await dataSource.query('RESET ROLE');
        return failed;
      };
      try {
        await dataSource.query(
          `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${ROLE}`,
        );
        await dataSource.query(`GRANT USAGE ON SEQUENCE once_event_position TO ${ROLE}`);
        await dataSource.query('REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC');
        const first = await problems(true);
        expect(first).toContain('GRANT SELECT ON SEQUENCE "once_event_position"');
        expect(first).not.toContain('USAGE');
        expect(first).toContain('GRANT EXECUTE ON FUNCTION "once_claim_due"');
        await dataSource.query(`GRANT SELECT ON SEQUENCE once_event_position TO ${ROLE}`);
        await dataSource.query(`GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO ${ROLE}`);
        expect(await problems(true)).toBe('');
        await dataSource.query(`REVOKE UPDATE ON once_worker FROM ${ROLE}`);
        expect(await problems(true)).toContain('GRANT UPDATE ON "once_worker"');
        expect(await problems(false)).toBe('');
        await dataSource.query(`REVOKE INSERT ON once_event FROM ${ROLE}`);
        expect(await problems(false)).toContain('GRANT INSERT ON "once_event"');
      } finally {
        await dataSource.query(`DROP OWNED BY ${ROLE}`);
        await dataSource.query(`DROP ROLE ${ROLE}`);
      }
    });

  if (db.dialect === 'mysql')
    it('are rights on tables, each named; a process that only records needs less', async () => {
      const { address, database } = await prepared();
      const { dataSource } = database;
      const name = new URL(address.url).pathname.slice(1);
      await dataSource.query(`CREATE USER ${ROLE} IDENTIFIED BY 'once'`);
      try {
        await dataSource.query(`GRANT SELECT, INSERT, DELETE ON ${name}.* TO ${ROLE}`);
        await dataSource.query(`GRANT UPDATE ON ${name}.once_delivery TO ${ROLE}`);
        const url = new URL(address.url);
        [url.username, url.password] = [ROLE, 'once'];
        const limited = new Database(await open({ ...address, url: url.href }), NAMING);
        await expect(assertRights(limited, true)).rejects.toThrow('UPDATE on `once_worker` is refused');
        await assertRights(limited, false);
        await dataSource.query(`GRANT UPDATE ON ${name}.* TO ${ROLE}`);
        await assertRights(new Database(await open({ ...address, url: url.href }), NAMING), true);
      } finally {
        await dataSource.query(`DROP USER ${ROLE}`);
      }
    });
});
