import { Injectable, type DynamicModule } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { getDataSourceToken, getRepositoryToken, InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import {
  DeliveryEntity,
  EVENT_SOURCING_ENTITIES,
  EventEntity,
  eventSourcingEntities,
  EventHandler,
  EventLog,
  type EventSourcingOptions,
  EventSourcingModule,
  getEventLogToken,
} from 'nestjs-once';
import { type DataSource, type DataSourceOptions, DefaultNamingStrategy, type Repository } from 'typeorm';
import { describeEachDatabase } from '../support/databases.js';
import { RecordingLogger } from '../support/recording-logger.js';

@Injectable()
class Reader {
  constructor(
    @InjectRepository(EventEntity) readonly events: Repository<EventEntity>,
    @InjectRepository(DeliveryEntity) readonly deliveries: Repository<DeliveryEntity>,
  ) {}

  @EventHandler('*')
  handle(): void {}
}

@Injectable()
class SecondReader {
  constructor(@InjectRepository(EventEntity, 'second') readonly events: Repository<EventEntity>) {}
}

/** A strategy of an application that likes to shout, also where a name is given. */
class Shouting extends DefaultNamingStrategy {
  override columnName(propertyName: string, customName: string | undefined, prefixes: string[]): string {
    return customName || super.columnName(propertyName, customName!, prefixes).toUpperCase();
  }
}

/** One that shouts whatever is given. */
class Deafening extends DefaultNamingStrategy {
  override columnName(propertyName: string, customName: string, prefixes: string[]): string {
    return super.columnName(propertyName, customName, prefixes).toUpperCase();
  }
}

type Naming = Pick<EventSourcingOptions, 'prefix' | 'schemaName'>;
const ASYNC = [false, true];

describeEachDatabase('the entities of the log', (db) => {
  const closing: { close(): Promise<void> }[] = [];
  let logger: RecordingLogger;

  beforeEach(() => (logger = new RecordingLogger()));
  afterEach(async () => {
    for (const each of closing.splice(0)) await each.close();
  });

  const start = async (imports: DynamicModule[], providers: (typeof Reader | typeof SecondReader)[] = []) => {
    const testing = await Test.createTestingModule({ imports, providers }).setLogger(logger).compile();
    closing.push(await testing.init());
    return testing;
  };

  const log = (options: Naming & { dataSource?: string }, isAsync = false) =>
    isAsync
      ? EventSourcingModule.forRootAsync({ ...options, useFactory: () => ({ dispatch: 'none' }) })
      : EventSourcingModule.forRoot({ ...options, dispatch: 'none' });

  const database = (options: DataSourceOptions, entities: unknown, name?: string) =>
    TypeOrmModule.forRoot({
      ...options,
      ...(name === undefined ? {} : { name }),
      ...(entities === 'auto' ? { autoLoadEntities: true } : { entities: entities as never[] }),
      synchronize: true,
    });

  const namings: Naming[] = [
    {},
    { prefix: 'shop_' },
    ...(db.name === 'postgres' ? [{ schemaName: 'Shop Log' }, { prefix: 's_', schemaName: 'other' }] : []),
  ];

  describe.each(namings)('with %j', (naming) => {
    it.each(ASYNC)('are repositories with autoLoadEntities (forRootAsync: %s)', async (isAsync) => {
      const testing = await start([database(await db.options(), 'auto'), log(naming, isAsync)], [Reader]);
      await readsItsLog(testing.get(EventLog), testing.get(Reader));
      expect(logger.of('warn')).toEqual([]);
    });

    it.each(ASYNC)('are repositories where they are listed (forRootAsync: %s)', async (isAsync) => {
      const entities = eventSourcingEntities(naming);
      const testing = await start([database(await db.options(), entities), log(naming, isAsync)], [Reader]);
      await readsItsLog(testing.get(EventLog), testing.get(Reader));
      expect(logger.of('warn')).toEqual([]);
    });

    it('are repositories where they are listed and loaded by autoLoadEntities too', async () => {
      const options = { ...(await db.options()), entities: eventSourcingEntities(naming) };
      const testing = await start([database(options, 'auto'), log(naming)], [Reader]);
      await readsItsLog(testing.get(EventLog), testing.get(Reader));
      expect(logger.of('warn')).toEqual([]);
    });
  });

  it('have their own tables in each DataSource of a process', async () => {
    const options = await db.options();
    const other = db.name === 'postgres' ? { prefix: 'b_', schemaName: 'b' } : { prefix: 'b_' };
    const testing = await start(
      [
        database(options, 'auto'),
        database(options, 'auto', 'second'),
        log({ prefix: 'a_' }),
        log({ ...other, dataSource: 'second' }),
      ],
      [Reader, SecondReader],
    );
    const [one, two] = [testing.get(Reader), testing.get(SecondReader)];
    await testing.get(EventLog).append({ group: 'made', key: 'first' });
    await testing.get<EventLog>(getEventLogToken('second')).append({ group: 'made', key: 'second' });
    expect(await one.events.find()).toMatchObject([{ key: 'first' }]);
    expect(await two.events.find()).toMatchObject([{ key: 'second' }]);
    const dataSources = [undefined, 'second'].map((name) =>
      testing.get<DataSource>(getDataSourceToken(name)),
    );
    expect(dataSources.map((each) => each.getMetadata(EventEntity).tablePath)).toEqual([
      'a_event',
      other.schemaName ? 'b.b_event' : 'b_event',
    ]);
    expect(logger.of('warn')).toEqual([]);
  });

  it('have the tables of their own application, whichever applications were in the process before', async () => {
    for (const naming of [{}, { prefix: 'shop_' }, {}]) {
      const testing = await start([database(await db.options(), 'auto'), log(naming)], [Reader]);
      await readsItsLog(testing.get(EventLog), testing.get(Reader));
      await closing.pop()!.close();
    }
    expect(logger.of('warn')).toEqual([]);
  });

  it('keep their columns whatever the naming strategy', async () => {
    const options = { ...(await db.options()), namingStrategy: new Shouting() };
    const testing = await start([database(options, 'auto'), log({})], [Reader]);
    await readsItsLog(testing.get(EventLog), testing.get(Reader));
  });

  it('are read as objects of their classes, also by the DataSource', async () => {
    const testing = await start([database(await db.options(), [...EVENT_SOURCING_ENTITIES]), log({})]);
    await testing.get(EventLog).append({ group: 'made', key: 'made_1' });
    const dataSource = testing.get<DataSource>(getDataSourceToken());
    const [event] = await dataSource.getRepository(EventEntity).find();
    expect(event).toBeInstanceOf(EventEntity);
    expect(typeof event!.position).toBe('number');
    expect(await dataSource.manager.findOneBy(EventEntity, { key: 'made_1' })).toEqual(event);
    expect(EVENT_SOURCING_ENTITIES.map((each) => getRepositoryToken(each, 'second'))).toEqual([
      getRepositoryToken(EventEntity, 'second'),
      getRepositoryToken(DeliveryEntity, 'second'),
    ]);
  });

  it('are warned of, once, where they stand for other tables than those of the log', async () => {
    const options = await db.options();
    const testing = await start([database(options, EVENT_SOURCING_ENTITIES), log({ prefix: 'shop_' })]);
    expect(logger.of('warn')).toEqual([
      'warn: EventEntity reads the table "once_event", DeliveryEntity reads the table "once_delivery": expected the tables of the ' +
        'log, which is in "shop_event". Recording and handling are as they should be, these repositories are not. ' +
        "Give the DataSource entities: eventSourcingEntities({ prefix: 'shop_' }) and forRoot the same, and with " +
        'autoLoadEntities each DataSource of the process a name of its own.',
    ]);
    expect(await testing.get(EventLog).append({ group: 'made', key: 'made_1' })).toMatchObject({
      recorded: true,
    });
  });

  it("are warned of where the DataSource's entityPrefix comes before their tables", async () => {
    const options = { ...(await db.options()), entityPrefix: 'app_' };
    await start([database(options, 'auto'), log({})]);
    expect(logger.of('warn')).toHaveLength(1);
    expect(logger.of('warn')[0]).toContain('entityPrefix "app_"');
  });

  it('are warned of where the naming strategy gives their columns names that the database does not have', async () => {
    const options = { ...(await db.options()), namingStrategy: new Deafening() };
    const testing = await start([database(options, 'auto'), log({})]);
    const warnings = logger.of('warn').join();
    if (db.name === 'postgres')
      expect(warnings).toMatch(/EventEntity cannot be read.*"POSITION" of "position".*DeliveryEntity/);
    else
      expect(await testing.get<DataSource>(getDataSourceToken()).getRepository(EventEntity).find()).toEqual(
        [],
      );
  });

  if (db.name === 'postgres') {
    describe("in a DataSource's schema", () => {
      const open = async (schema: string, naming: Naming, entities: unknown = 'auto') =>
        start(
          [database({ ...(await db.options()), schema } as DataSourceOptions, entities), log(naming)],
          [Reader],
        );

      it.each([
        ['public', {}],
        ['app', {}],
        ['app', { schemaName: 'app' }],
        ['app', { schemaName: 'log' }],
      ])('%s with %j are the tables of the log', async (schema, naming) => {
        const testing = await open(schema, naming);
        await readsItsLog(testing.get(EventLog), testing.get(Reader));
        expect(logger.of('warn')).toEqual([]);
      });

      it('are warned of where the log is in another', async () => {
        await open('app', { schemaName: 'log' }, EVENT_SOURCING_ENTITIES);
        expect(logger.of('warn').join()).toMatch(
          /"app.once_event".*eventSourcingEntities\(\{ schemaName: 'log' \}\)/,
        );
      });
    });
  }
});

async function readsItsLog(log: EventLog, { events, deliveries }: Reader): Promise<void> {
  await log.append({ group: 'made', key: 'made_1', data: { n: 1 } });
  expect(await events.find()).toMatchObject([{ key: 'made_1', group: 'made', payload: '{"n":1}' }]);
  expect(await deliveries.find()).toMatchObject([{ state: 0, attempts: 0, error: null }]);
}
