import { randomBytes } from 'node:crypto';
import { type DynamicModule, Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  Aggregate,
  AggregateEvent,
  type AggregateRepository,
  AggregateType,
  EventHandler,
  EventSourcingModule,
  type EventSourcingOptions,
  getAggregatesToken,
  getEventSourcedLogToken,
  InvalidOptionError,
  NotificationLog,
  type RecordedEvent,
} from 'nestjs-once';
import { drain } from 'nestjs-once/testing';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { RecordingLogger } from '../../support/recording-logger.js';
import { Statements } from '../../support/statements.js';
import { rejection } from '../aggregates/school.js';

const SECRET = 'a very secret word';
const key = { id: '2026', secret: randomBytes(32) };
const former = { id: '2025', secret: randomBytes(16) };

@AggregateType('Account')
class Account extends Aggregate {
  words: string[] = [];
  @AggregateEvent('Noted')
  note({ word }: { word: string }): void {
    this.words.push(word);
  }
}

const handled: unknown[] = [];
let failure: Error | undefined;

@Injectable()
class Reader {
  @EventHandler(/./, { name: 'reader', retry: { maxRetries: 0 } })
  read({ data }: RecordedEvent): void {
    if (failure) throw failure;
    handled.push(data);
  }
}

/** With what the statements were given, as a logger of the application would have it. */
class GivenStatements extends Statements {
  readonly given: unknown[] = [];

  override logQuery(statement: string, parameters?: unknown[]): void {
    super.logQuery(statement);
    this.given.push(parameters);
  }
}

/** What stands in for the application's `ConfigService`. */
@Injectable()
class Configuration {
  readonly encrypt = { key, formerKeys: [former] };
}

@Module({ providers: [Configuration], exports: [Configuration] })
class ConfigurationModule {}

describeEachDatabase('encrypted events', (db) => {
  let database: DataSourceOptions;
  let statements: GivenStatements;
  const open: TestApplication[] = [];

  beforeEach(async () => {
    statements = new GivenStatements();
    database = { ...(await db.options()), logging: true, logger: statements };
    handled.length = 0;
    failure = undefined;
  });
  afterEach(async () => {
    for (const application of open.splice(0)) await application.close();
  });

  const accounts = (options: Parameters<typeof EventSourcingModule.forFeature>[0] = {}) =>
    EventSourcingModule.forFeature({
      aggregates: [Account],
      logs: ['Notes'],
      application: 'Bank',
      ...options,
    });
  const start = async (options: EventSourcingOptions = {}, imports = [accounts()], others = {}) => {
    const application = await startApplication({
      database,
      options,
      imports,
      providers: [Reader],
      ...others,
    });
    open.push(application);
    const of = <T>(token: unknown) => application.app.get<T>(token as never, { strict: false });
    return Object.assign(application, {
      accounts: of<AggregateRepository<Account>>(getAggregatesToken(Account)),
      notes: of<{ trigger(event: string, data: unknown): Promise<unknown> }>(
        getEventSourcedLogToken('Notes', 'Bank'),
      ),
    });
  };
  const rows = (application: TestApplication, table = 'event') =>
    application.dataSource.query<
      { encoding: string; payload: string | null; payload_bytes: Buffer | null }[]
    >(`SELECT encoding, payload, payload_bytes FROM once_${table}`);
  const changed = (application: TestApplication, change: string) =>
    application.dataSource.query(`UPDATE once_event SET ${change}`);

  it('of a group are deciphered on every way out, and nothing shows what they hold', async () => {
    const logger = new RecordingLogger();
    const payload = { pipelines: [{ groups: /^secret\./, compress: 'zlib' as const, encrypt: { key } }] };
    const started = await start({ payload }, [accounts()], { logger });
    const data = { word: SECRET, at: new Date(1), lines: Array.from({ length: 50 }, () => SECRET) };
    const appended = await started.log.append({ group: 'secret.Told', key: 'told', data });
    expect(appended.event!.data).toEqual(data);
    await started.log.append({ group: 'plain.Told', key: 'plain', data: { a: 1 } });
    const stored = await rows(started);
    expect(stored.map(({ encoding }) => encoding).sort()).toEqual(['json', 'json+zlib+aes(2026)']);
    for (const { payload_bytes: bytes } of stored)
      expect(Buffer.from(bytes ?? []).includes(SECRET)).toBe(false);

    expect((await started.log.get('told'))!.data).toEqual(data);
    const read: unknown[] = [];
    for await (const event of started.log.read({ groups: ['secret.Told'] })) read.push(event.data);
    expect(read).toEqual([data]);
    const notifications = started.app.get(NotificationLog);
    expect((await notifications.select({ groups: ['secret.Told'] }))[0]!.data).toEqual(data);

    failure = new Error('out of order');
    await drain(started.app).catch(() => undefined);
    const { items } = await started.deliveries.list({ status: 'dead', key: 'told' }, { withData: true });
    expect(items).toMatchObject([{ data, error: expect.stringContaining('out of order') }]);
    failure = undefined;
    await started.deliveries.retry({ all: true });
    await drain(started.app);
    expect(handled).toContainEqual(data);
    expect(JSON.stringify([logger.lines, statements.all, statements.given])).not.toContain(SECRET);
  });

  it('of aggregates are encrypted with keys that a factory works out, their snapshots and logs, too', async () => {
    const feature = EventSourcingModule.forFeatureAsync({
      aggregates: [Account],
      logs: ['Notes'],
      application: 'Bank',
      imports: [ConfigurationModule],
      inject: [Configuration],
      useFactory: (configuration: Configuration) => ({
        payload: { compress: 'brotli' as const, encrypt: configuration.encrypt },
        snapshots: { Account: 2 },
        cache: 10,
      }),
    });
    const started = await start({}, [feature]);
    const account = new Account('1');
    account.note({ word: SECRET });
    account.note({ word: SECRET.repeat(30) });
    const [event] = await started.accounts.save(account);
    expect(event!.data).toEqual({ word: SECRET });
    await started.notes.trigger('Written', { word: SECRET });
    await started.log.append({ group: 'other', key: 'other', data: 1 });
    expect((await rows(started)).map(({ encoding }) => encoding).sort()).toEqual([
      'json',
      'json+aes(2026)',
      'json+aes(2026)',
      'json+brotli+aes(2026)',
    ]);
    const [snapshot] = await rows(started, 'snapshot');
    expect(snapshot).toMatchObject({ encoding: 'json+brotli+aes(2026)', payload: null });

    // Another process, without a cache.
    const other = await start({}, [feature], { synchronize: false });
    expect((await other.accounts.get('1')).words).toEqual([SECRET, SECRET.repeat(30)]);
    expect((await other.accounts.get('1', { version: 1 })).words).toEqual([SECRET]);
    await drain(started.app);
    expect(handled).toContainEqual({ word: SECRET });
  });

  it('of an aggregate are encrypted as its groups are, and so is its snapshot', async () => {
    const payload = { pipelines: [{ groups: 'Account.*', encrypt: { key } }] };
    const started = await start({ payload }, [accounts({ snapshots: { Account: 1 } })]);
    const account = new Account('1');
    account.note({ word: SECRET });
    await started.accounts.save(account);
    for (const table of ['event', 'snapshot'])
      expect(await rows(started, table)).toMatchObject([{ encoding: 'json+aes(2026)', payload: null }]);
    expect((await started.accounts.get('1')).words).toEqual([SECRET]);
  });

  it('can be read beside plain ones, before and after the option, and after a key was rotated', async () => {
    const configured: EventSourcingOptions['payload'][] = [
      {},
      { encrypt: { key: former } },
      { encrypt: { key, formerKeys: [former] } },
      { encrypt: { formerKeys: [former, key] } },
    ];
    for (const [index, payload] of configured.entries()) {
      const started = await start({ payload }, [accounts()], { synchronize: false });
      const account = index === 0 ? new Account('1') : await started.accounts.get('1');
      account.note({ word: `${index}` });
      await started.accounts.save(account);
      expect((await started.accounts.get('1')).words).toHaveLength(index + 1);
    }
    const encodings = (await rows(open[0]!)).map(({ encoding }) => encoding).sort();
    expect(encodings).toEqual(['json', 'json', 'json+aes(2025)', 'json+aes(2026)']);
  });

  it('that were changed, moved or encrypted with another key name the event, and say nothing of it', async () => {
    const started = await start({ payload: { encrypt: { key } } });
    await started.log.append([
      { group: 'told', key: 'one', data: { word: SECRET } },
      { group: 'told', key: 'two', data: { word: 'other' } },
    ]);
    const account = new Account('1');
    account.note({ word: SECRET });
    await started.accounts.save(account);
    const refused = async (application: TestApplication, code: string) => {
      const error = await rejection(application.log.get('one'));
      expect(error).toMatchObject({ code, event: { key: 'one', group: 'told' } });
      expect(`${error.stack} ${JSON.stringify(error)}`).not.toContain(SECRET);
    };
    const elsewhere = await start({ payload: { encrypt: { key: former } } }, [accounts()], {
      synchronize: false,
    });
    await refused(elsewhere, 'UNKNOWN_KEY');
    expect(await rejection(elsewhere.accounts.get('1'))).toMatchObject({
      code: 'UNKNOWN_KEY',
      keyId: '2026',
    });
    const imposter = { id: '2026', secret: randomBytes(32) };
    const wrong = await start({ payload: { encrypt: { key: imposter } } }, [accounts()], {
      synchronize: false,
    });
    await refused(wrong, 'PAYLOAD_NOT_DECODABLE');

    const two = (
      await started.dataSource.query<{ payload_bytes: Buffer }[]>(
        `SELECT payload_bytes FROM once_event WHERE event_key = 'two'`,
      )
    )[0]!.payload_bytes;
    const hex = Buffer.from(two).toString('hex');
    const literal = db.dialect === 'postgres' ? `'\\x${hex}'` : `x'${hex}'`;
    await changed(started, `payload_bytes = ${literal} WHERE event_key = 'one'`);
    await refused(started, 'PAYLOAD_NOT_DECODABLE');
    await drain(started.app).catch(() => undefined);
    const { items } = await started.deliveries.list({ status: 'dead' }, { withData: true });
    expect(items).toMatchObject([
      {
        key: 'one',
        error: expect.stringContaining('event "one" (told)'),
        dataError: expect.stringContaining('"one"'),
      },
    ]);
    expect(handled).toContainEqual({ word: 'other' });
  });

  it('are refused at bootstrap with keys of other lengths, or of one id for two keys', async () => {
    const short = { id: 'short', secret: randomBytes(20) };
    const imposter = { ...key, secret: randomBytes(32) };
    const feature = (payload: object) => [accounts({ payload })];
    const refusals: [EventSourcingOptions, DynamicModule[]][] = [
      [{ payload: { encrypt: { key: short } } }, []],
      [{}, feature({ encrypt: { key: short } })],
      [{ payload: { encrypt: { key } } }, feature({ encrypt: { key: imposter } })],
    ];
    for (const [options, imports] of refusals) {
      const error = await rejection(refusedStart(options, imports));
      expect(error).toBeInstanceOf(InvalidOptionError);
      expect(error.message).not.toContain(short.secret.toString('base64'));
    }
  });

  /** An application that is refused while it is made closes nothing by itself. */
  const refusedStart = async (options: EventSourcingOptions, imports: DynamicModule[]) => {
    const opening: Promise<DataSource>[] = [];
    const typeorm = TypeOrmModule.forRootAsync({
      useFactory: () => ({ ...database, autoLoadEntities: true }),
      dataSourceFactory: (given) => {
        opening.push(new DataSource(given!).initialize());
        return opening[0]!;
      },
    });
    const root = EventSourcingModule.forRoot({ dispatch: 'none', summary: false, ...options });
    try {
      await Test.createTestingModule({ imports: [typeorm, root, ...imports] }).compile();
    } finally {
      for (const dataSource of opening) await (await dataSource).destroy();
    }
  };
});
