import { Controller, Injectable, Module, type Provider, Scope } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { getDataSourceToken, getRepositoryToken, TypeOrmModule } from '@nestjs/typeorm';
import {
  Deliveries,
  EventEntity,
  EventHandler,
  EventLog,
  type EventSourcingOptions,
  EventSourcingModule,
  getDeliveriesToken,
  InjectEventLog,
  type RecordedEvent,
} from 'nestjs-once';
import { drain } from 'nestjs-once/testing';
import type { Repository } from 'typeorm';
import { startApplication, type TestApplication } from '../support/application.js';
import { describeEachDatabase } from '../support/databases.js';

const seen: string[] = [];
beforeEach(() => void (seen.length = 0));

class Base {
  @EventHandler('made')
  handle(event: RecordedEvent): void {
    seen.push(`${this.constructor.name} ${event.key}`);
  }
}
class Sub extends Base {}

@Controller()
class Web extends Base {}

@Injectable()
class TwoLogs {
  constructor(
    readonly main: EventLog,
    @InjectEventLog('second') readonly second: EventLog,
  ) {}

  @EventHandler('*')
  ofMain(event: RecordedEvent): void {
    seen.push(`main ${event.key}`);
  }

  @EventHandler('*', { dataSource: 'second' })
  ofSecond(event: RecordedEvent): void {
    seen.push(`second ${event.key}`);
  }
}

describeEachDatabase('an application', (db) => {
  const closing: { close(): Promise<void> }[] = [];

  afterEach(async () => {
    for (const each of closing.splice(0)) await each.close();
  });

  const start = async (
    setup: Omit<Parameters<typeof startApplication>[0], 'database'>,
  ): Promise<TestApplication> => {
    const application = await startApplication({ database: await db.options(), ...setup });
    closing.push(application);
    return application;
  };

  it('has a log on each of two DataSources', async () => {
    const databases = [await db.options(), await db.options()];
    const testing = await Test.createTestingModule({
      imports: [
        TypeOrmModule.forRoot({ ...databases[0]!, autoLoadEntities: true }),
        TypeOrmModule.forRoot({ ...databases[1]!, name: 'second', autoLoadEntities: true }),
        EventSourcingModule.forRoot({ dispatch: 'none' }),
        EventSourcingModule.forRoot({ dispatch: 'none', dataSource: 'second' }),
      ],
      providers: [TwoLogs],
    }).compile();
    testing.useLogger(false);
    closing.push(await testing.init());
    const { main, second } = testing.get(TwoLogs);
    await main.append({ group: 'a', key: 'same' });
    await second.append({ group: 'b', key: 'same' });
    await drain(testing);
    expect(seen.sort()).toEqual(['main same', 'second same']);
    expect((await second.get('same'))!.group).toBe('b');
    const deliveries: Deliveries = testing.get(getDeliveriesToken('second'));
    expect((await deliveries.list()).items).toMatchObject([{ handler: 'TwoLogs.ofSecond' }]);
  });

  if (db.name !== 'sqlite') return;
  // From here on the database makes no difference.

  it('finds handlers on classes, their subclasses, factories and controllers, once per instance', async () => {
    @Module({ controllers: [Web] })
    class WebModule {}
    const { app, log } = await start({
      imports: [
        WebModule,
        EventSourcingModule.forFeature({
          providers: [{ provide: 'feature', useFactory: () => new (class Feature extends Base {})() }],
        }),
      ],
      providers: [
        Sub,
        { provide: 'alias', useExisting: Sub },
        { provide: 'made', useFactory: () => new Base() },
      ],
    });
    await log.append({ group: 'made', key: 'k' });
    await drain(app);
    expect(seen.sort()).toEqual(['Base k', 'Feature k', 'Sub k', 'Web k']);
  });

  it('starts without the entities in its DataSource, whose repositories say so when used', async () => {
    const testing = await Test.createTestingModule({
      imports: [TypeOrmModule.forRoot(await db.options()), EventSourcingModule.forRoot({ dispatch: 'none' })],
      providers: [Sub],
    }).compile();
    testing.useLogger(false);
    closing.push(await testing.init());
    await testing.get(EventLog).append({ group: 'made', key: 'made_1' });
    await drain(testing);
    expect(seen).toEqual(['Sub made_1']);
    const events: Repository<EventEntity> = testing.get(getRepositoryToken(EventEntity) as string);
    expect(() => events.metadata).toThrow('EventEntity');
  });

  it('refuses a second forRoot for one DataSource, naming both', async () => {
    const second = Test.createTestingModule({
      imports: [
        TypeOrmModule.forRoot(await db.options()),
        EventSourcingModule.forRoot({ dispatch: 'none' }),
        EventSourcingModule.forRootAsync({
          dataSource: 'default',
          useFactory: () => ({ dispatch: 'inline' }),
        }),
      ],
    });
    const testing = await second.compile();
    testing.useLogger(false);
    closing.push({ close: () => testing.get<{ destroy(): Promise<void> }>(getDataSourceToken()).destroy() });
    const error: unknown = await testing.init().catch((refused: unknown) => refused);
    expect(error).toMatchObject({ code: 'DUPLICATE_LOG', dataSource: 'default' });
    const { places } = error as { places: string[] };
    expect(places).toEqual([
      expect.stringContaining('bootstrap.spec'),
      expect.stringContaining('bootstrap.spec'),
    ]);
    expect(places[0]).not.toBe(places[1]);
    for (const place of places) expect(String(error)).toContain(place);
  });

  describe('refuses to start with', () => {
    class Scoped extends Base {}
    Injectable({ scope: Scope.REQUEST })(Scoped);
    class Transient extends Base {}
    Injectable({ scope: Scope.TRANSIENT })(Transient);
    class Elsewhere {
      @EventHandler('a', { dataSource: 'archive' })
      send() {}
    }
    class Misspelt {
      @EventHandler('a', { concurency: 1 } as never)
      send() {}
    }

    it.each<[string, Provider[], string]>([
      [
        'a request-scoped provider',
        [Scoped],
        '@EventHandler of Scoped.handle: its provider is request- or transient-scoped',
      ],
      [
        'a transient provider',
        [Transient],
        '@EventHandler of Transient.handle: its provider is request- or transient-scoped',
      ],
      [
        'two handlers of one name',
        [Sub, { provide: 'other', useClass: Sub }],
        'its name "Sub.handle" is that of Sub.handle already',
      ],
      [
        'a DataSource that has no log',
        [Elsewhere],
        'Elsewhere.send: its DataSource is "archive", for which there is no',
      ],
      [
        'an unknown option',
        [Misspelt],
        'Misspelt.send: unknown option "concurency". Did you mean "concurrency"?',
      ],
    ])('%s', async (_title, providers, message) => {
      await expect(start({ providers })).rejects.toThrow(message);
    });
  });

  describe('forRootAsync', () => {
    const options: EventSourcingOptions = { dispatch: 'none', retry: { maxRetries: 0 } };
    @Injectable()
    class Config {
      createEventSourcingOptions = () => options;
    }
    @Module({ providers: [Config, { provide: 'options', useValue: options }], exports: [Config, 'options'] })
    class ConfigModule {}

    it.each<[string, Parameters<typeof EventSourcingModule.forRootAsync>[0]]>([
      [
        'useFactory',
        { imports: [ConfigModule], inject: ['options'], useFactory: (given: EventSourcingOptions) => given },
      ],
      ['useClass', { useClass: Config }],
      ['useExisting', { imports: [ConfigModule], useExisting: Config }],
    ])('takes its options from %s', async (_title, given) => {
      const testing = await Test.createTestingModule({
        imports: [
          TypeOrmModule.forRoot(await db.options()),
          EventSourcingModule.forRootAsync({ ...given, prefix: 'shop_' }),
        ],
      }).compile();
      testing.useLogger(false);
      closing.push(await testing.init());
      await testing.get(EventLog).append({ group: 'a', key: 'a' });
      const dataSource = testing.get<{ query(sql: string): Promise<unknown[]> }>(getDataSourceToken());
      expect(await dataSource.query('SELECT event_key FROM shop_event')).toEqual([{ event_key: 'a' }]);
    });

    it('refuses a DataSource that only its factory names', async () => {
      const database = await db.options();
      const testing = Test.createTestingModule({
        imports: [
          TypeOrmModule.forRoot(database),
          EventSourcingModule.forRootAsync({ useFactory: () => ({ dataSource: 'second' }) }),
        ],
      }).compile();
      await expect(testing).rejects.toThrow('expected dataSource to be given beside the factory');
    });
  });
});
