import { readFileSync } from 'node:fs';
import { Injectable } from '@nestjs/common';
import {
  EventHandler,
  eventSourcingMigrations,
  type EventSourcingOptions,
  Follower,
  LogStatus,
  On,
  type RecordedEvent,
} from 'nestjs-once';
import { drain } from 'nestjs-once/testing';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { startApplication, type TestApplication } from '../../support/application.js';
import { type DatabaseUnderTest, describeEachDatabase } from '../../support/databases.js';

/*
 * Filled databases as these versions of the tables left them. The first has nine events; of the handlers Mails.send and Ledger.book
 * (ordered) six deliveries each were handled but for two dead ones and one put off, and three are pending, as those of
 * Absent.handle are. The third is that one, upgraded, with two events of an aggregate.
 * The sixth is the third, upgraded, with a follower at position 4 that has parked order 2 and skipped order 3; the seventh is the sixth, upgraded,
 * with that follower's version as the active one.
 */
const VERSIONS = [
  { version: 1, events: 9 },
  { version: 3, events: 11 },
  { version: 6, events: 11 },
  { version: 7, events: 11 },
];
const dumpOf = (name: DatabaseUnderTest['name'], version: number) => {
  const folder = new URL(`version-${version}/`, import.meta.url);
  if (name !== 'mysql') return readFileSync(new URL(`${name}.sql`, folder), 'utf8');
  // The tables differ on MySQL in the name of a collation and in how defaults are written.
  return readFileSync(new URL('mariadb.sql', folder), 'utf8')
    .replaceAll('utf8mb4_nopad_bin', 'utf8mb4_0900_bin')
    .replaceAll(/(text[^,\n]* DEFAULT) ('[^']*')/g, '$1 ($2)');
};

const handled: string[] = [];

@Injectable()
class Mails {
  @EventHandler(/^shop\./)
  send(event: RecordedEvent): void {
    handled.push(`mail ${event.key}`);
  }
}

@Injectable()
class Ledger {
  @EventHandler(/^shop\./, { ordered: true })
  book(event: RecordedEvent<{ n: number; at: Date; total: bigint; text: string }>): void {
    handled.push(`book ${event.key}`);
    const { n, at, total, text } = event.data;
    expect([at, total, text]).toEqual([
      new Date(Date.UTC(2026, 0, n)),
      12_345_678_901_234_567_890n,
      `It's "${n}" \\ 🙂`,
    ]);
  }
}

@Injectable()
class Absent {
  @EventHandler(/^shop\./)
  handle(event: RecordedEvent): void {
    handled.push(`absent ${event.key}`);
  }
}

const totals: string[] = [];

@Follower('Totals', { onError: 'park' })
class Totals {
  @On(/^shop\./)
  add(event: RecordedEvent): void {
    totals.push(event.key);
  }
}

/** What the release of version 3 sent to PostgreSQL. */
const AS_THIRD = (key: string) =>
  `SELECT once_append('${key}', 'shop.Ordered', '{"n":1}', NULL, 'json', '{}', NULL, NULL, NULL, 1, 1, NULL, 0, NULL, NULL, NULL,
   NULL, NULL, NULL, NULL, NULL) AS answer`;

/** How a release before version 8 said that its process is there, for an hour. */
const WORKER_AS_BEFORE = (until: number) =>
  `INSERT INTO once_worker (host, pid, started_at, lease_until) VALUES ('before#7#x', 7, 1, ${until})`;

/** What the first release sent to record an event, as it runs on beside a newer one. */
const AS_BEFORE = `INSERT INTO once_event (event_key, event_group, payload, encoding, metadata, occurred_at, recorded_at, registry_version`;

for (const { version, events } of VERSIONS)
  describeEachDatabase(`a database of version ${version}`, (db) => {
    let options: DataSourceOptions;
    let application: TestApplication | undefined;

    beforeEach(async () => {
      handled.length = 0;
      totals.length = 0;
      options = await db.options();
      const dataSource = await new DataSource(options).initialize();
      for (const statement of statementsOf(dumpOf(db.name, version))) await dataSource.query(statement);
      await dataSource.destroy();
    });

    afterEach(async () => {
      await application?.close();
      application = undefined;
    });

    const start = async (module: EventSourcingOptions) => {
      application = await startApplication({
        database: options,
        providers: [Mails, Ledger, Absent, Totals],
        options: module,
        synchronize: false,
      });
      return application;
    };

    const recordAsBefore = async ({ dataSource }: TestApplication, key: string, position: number) => {
      if (version >= 3 && db.name === 'postgres') return void (await dataSource.query(AS_THIRD(key)));
      const values = `'${key}', 'shop.Ordered', '{"n":1}', 'json', '{}', 1, 1, 0`;
      const own = db.dialect === 'mysql' ? [', position', `, ${position}`] : ['', ''];
      await dataSource.query(`${AS_BEFORE}${own[0]}) VALUES (${values}${own[1]})`);
    };

    it('is upgraded at bootstrap, and goes on where it stood', async () => {
      const { app, deliveries, log } = await start({ schema: 'migrate', rescan: false });
      expect(await log.append({ group: 'shop.Ordered', key: 'order 1' })).toMatchObject({ recorded: false });
      await drain(app);
      const keys = ['order 7', 'order 8', 'order 9'];
      expect(handled.sort()).toEqual(
        ['absent', 'book', 'mail'].flatMap((handler) => keys.map((key) => `${handler} ${key}`)),
      );
      const left = (await deliveries.list()).items
        .filter(({ status }) => status !== 'succeeded')
        .map(({ handler, key, status }) => [handler, key, status]);
      expect(left.sort()).toEqual([
        ['Ledger.book', 'order 4', 'dead'],
        ['Mails.send', 'order 2', 'dead'],
        ['Mails.send', 'order 3', 'pending'],
      ]);
      await deliveries.retry({ handler: 'Ledger.book' });
      await drain(app);
      expect(handled.at(-1)).toBe('book order 4');
      const orders = (...numbers: number[]) => numbers.map((n) => `order ${n}`);
      // The parked one is due, and goes first.
      expect(totals).toEqual(version < 6 ? orders(1, 2, 3, 4, 5, 6, 7, 8, 9) : orders(2, 5, 6, 7, 8, 9));
    });

    it('is upgraded by migrations of the application, while the release before it writes on, and taken back again', async () => {
      // The way back drops where followers were, too.
      const migrations = eventSourcingMigrations({ onRevert: 'drop' });
      const dataSource = new DataSource({ ...options, migrations });
      await dataSource.initialize();
      await dataSource.runMigrations();
      const { app } = await start({ schema: 'verify', rescan: false });
      await dataSource.query(WORKER_AS_BEFORE(Date.now() + 3_600_000));
      await recordAsBefore(application!, 'written by the release before', 100);
      await drain(app);
      for (const handler of ['absent', 'book', 'mail'])
        expect(handled).toContain(`${handler} written by the release before`);
      const { versions, workers } = await app.get(LogStatus).read();
      expect(versions).toEqual([
        { processes: 1 },
        expect.objectContaining({ library: '0.1.0', processes: 1 }),
      ]);
      expect(workers[0]).toMatchObject({ host: 'before', pid: 7 });
      for (let left = migrations.length; left > version; left--) await dataSource.undoLastMigration();
      await recordAsBefore(application!, 'written after the way back', 101);
      const [{ count }] = await dataSource.query('SELECT count(*) AS count FROM once_event');
      expect(Number(count)).toBe(events + 2);
      await dataSource.destroy();
    });

    it('is decided upon when it is upgraded', async () => {
      const { log } = await start({ schema: 'migrate', rescan: false });
      const decide = () =>
        log.decide({ tags: ['order:1'] }, ({ length }) => ({
          group: 'counted',
          key: `counted ${length}`,
          tags: ['order:1'],
        }));
      expect((await Promise.all([decide(), decide(), decide()])).flat()).toHaveLength(3);
      const seen: string[] = [];
      for await (const { key } of log.read({ tags: ['order:1'] })) seen.push(key);
      expect(seen).toEqual(['counted 0', 'counted 1', 'counted 2']);
      if (version >= 3)
        expect((await log.get('stream:TrainingSchool:fido:2'))!.data).toEqual({ trick: 'sit' });
    });
  });

/** Of a dump: a statement ends with a semicolon at the end of a line, but for those inside of functions. */
function statementsOf(dump: string): string[] {
  const statements: string[] = [];
  let statement = '';
  let isQuoted = false;
  for (const line of dump.split('\n')) {
    statement += `${line}\n`;
    if (line.match(/\$[a-z_]*\$/g)?.length === 1) isQuoted = !isQuoted;
    if (isQuoted || !line.endsWith(';')) continue;
    if (!/^(BEGIN|COMMIT|PRAGMA)\b/.test(statement.trim())) statements.push(statement.trim().slice(0, -1));
    statement = '';
  }
  return statements;
}
