import type { ModuleMetadata } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  DuplicateEventTypeError,
  EventHandler,
  EventLog,
  EventNotFoundError,
  EventSourcingModule,
  EventType,
  type EventTypeContext,
  getEventLogToken,
  InvalidEventNameError,
  InvalidEventTypeError,
  InvalidHandlerError,
  InvalidOptionError,
  OnEvent,
  type RecordedEvent,
  UnknownOptionError,
} from 'nestjs-once';
import { drain } from 'nestjs-once/testing';
import { startApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';

const seen: string[] = [];
beforeEach(() => void (seen.length = 0));

class Teller {
  tell(line: string): void {
    seen.push(line);
  }
}

@EventType('shop.Click')
class Click {
  place = 'page';

  @OnEvent()
  note({ moduleRef, event }: EventTypeContext<this>) {
    moduleRef.get(Teller).tell(`${this.place} ${event.key}`);
  }
}

@EventType('shop.Archived', { dataSource: 'second' })
class Archived {}

@EventType('shop.Other')
class Other {}

describeEachDatabase('event classes', (db) => {
  const closing: { close(): Promise<void> }[] = [];

  afterEach(async () => {
    for (const each of closing.splice(0)) await each.close();
  });

  const start = async (setup: Omit<Parameters<typeof startApplication>[0], 'database'>) => {
    const application = await startApplication({ database: await db.options(), ...setup });
    closing.push(application);
    return application;
  };

  const twoLogs = async (
    imports: NonNullable<ModuleMetadata['imports']>,
    providers: ModuleMetadata['providers'] = [],
  ): Promise<TestingModule> => {
    const testing = await Test.createTestingModule({
      imports: [
        TypeOrmModule.forRoot({ ...(await db.options()), autoLoadEntities: true }),
        TypeOrmModule.forRoot({ ...(await db.options()), name: 'second', autoLoadEntities: true }),
        ...imports,
      ],
      providers: [Teller, ...providers],
    }).compile();
    testing.useLogger(false);
    closing.push(testing);
    return testing.init();
  };

  it('of a feature are those of every log, and their methods handle the events of each', async () => {
    const testing = await twoLogs([
      EventSourcingModule.forRoot({ dispatch: 'none' }),
      EventSourcingModule.forRoot({ dispatch: 'none', dataSource: 'second' }),
      EventSourcingModule.forFeature({ events: [Click, Archived] }),
    ]);
    const [main, second] = [testing.get(EventLog), testing.get<EventLog>(getEventLogToken('second'))];
    await main.log('shop.Click', {}, { key: 'main' });
    await second.log('shop.Click', { place: 'app' }, { key: 'second' });
    await drain(testing);
    expect(seen.sort()).toEqual(['app second', 'page main']);
    await expect(main.log('shop.Archived', {})).rejects.toThrow(EventNotFoundError);
    expect((await second.log(Archived, {})).recorded).toBe(true);
  });

  it("of a forRoot are that log's alone", async () => {
    class Reader {
      @EventHandler(Click, { dataSource: 'second' })
      read(event: RecordedEvent<Click>) {
        seen.push(`Reader ${event.data.place}`);
      }
    }
    const testing = await twoLogs(
      [
        EventSourcingModule.forRoot({ dispatch: 'none' }),
        EventSourcingModule.forRoot({ dispatch: 'none', dataSource: 'second', events: [Click, Archived] }),
      ],
      [Reader],
    );
    await expect(testing.get(EventLog).log('shop.Click', {})).rejects.toThrow(EventNotFoundError);
    await testing.get<EventLog>(getEventLogToken('second')).log('shop.Click', {}, { key: 'k' });
    await drain(testing);
    expect(seen.sort()).toEqual(['Reader page', 'page k']);
  });

  if (db.name !== 'sqlite') return;
  // From here on the database makes no difference.

  it('come from the factory of forRootAsync too, with their options', async () => {
    @EventType('shop.orders.Placed')
    class Placed {}
    const testing = await Test.createTestingModule({
      imports: [
        TypeOrmModule.forRoot({ ...(await db.options()), autoLoadEntities: true }),
        EventSourcingModule.forRootAsync({
          useFactory: () => ({
            events: [Placed],
            eventTypes: { nestedNames: true },
            dispatch: 'none' as const,
          }),
        }),
      ],
    }).compile();
    testing.useLogger(false);
    closing.push(await testing.init());
    expect((await testing.get(EventLog).log('shop.orders.Placed')).recorded).toBe(true);
  });

  it('may be given twice, in several places', async () => {
    const { app, log } = await start({
      providers: [Teller, Click],
      imports: [EventSourcingModule.forFeature({ events: [Click] })],
      options: { events: [Click, Click] },
    });
    await log.log(Click, { place: 'once' }, { key: 'k' });
    await drain(app);
    expect(seen).toEqual(['once k']);
  });

  it('say what a request says, through as many proxies as the option trusts', async () => {
    const request = {
      headers: { 'x-forwarded-for': '6.6.6.6, 203.0.113.7' },
      socket: { remoteAddress: '10.0.0.1' },
    };
    for (const [trustedProxies, ip] of [
      [0, '10.0.0.1'],
      [1, '203.0.113.7'],
    ] as const) {
      const { log } = await start({ options: { events: [Other], eventTypes: { trustedProxies } } });
      expect((await log.log(Other, {}, { request })).event!.metadata.ip).toBe(ip);
    }
  });

  describe('stop an application from starting', () => {
    @EventType('shop.Click')
    class OtherClick {}
    @EventType('stuff')
    class Stuff {}
    class Nameless {}
    class Unregistered {
      @EventHandler(OtherClick)
      handle() {}
    }
    @EventType('shop.Lost', { dataSource: 'lost' })
    class Lost {}

    it.each<[string, Partial<Parameters<typeof startApplication>[0]>, Function, string]>([
      [
        'two of one name',
        { options: { events: [Click] }, providers: [OtherClick] },
        DuplicateEventTypeError,
        'Two event classes are named "shop.Click": Click and OtherClick.',
      ],
      [
        'a wrong name',
        { options: { events: [Stuff] } },
        InvalidEventNameError,
        'The name "stuff" is invalid',
      ],
      [
        'no name',
        { options: { events: [Nameless] } },
        InvalidEventTypeError,
        'Event class Nameless: it has no name.',
      ],
      [
        'a handler of one that is not registered',
        { providers: [Unregistered], options: { events: [Click] } },
        InvalidHandlerError,
        'Unregistered.handle: event class "shop.Click" is not registered',
      ],
      [
        'a DataSource that has no log',
        { imports: [EventSourcingModule.forFeature({ events: [Lost] })] },
        InvalidEventTypeError,
        'Event class Lost: its DataSource is "lost", for which there is no EventSourcingModule.forRoot. Known: default.',
      ],
    ])('%s', async (_title, setup, type, message) => {
      const error = await start(setup).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(type);
      expect((error as Error).message).toContain(message);
    });

    it('that were given to the log of another DataSource', async () => {
      const started = twoLogs([
        EventSourcingModule.forRoot({ dispatch: 'none', events: [Archived] }),
        EventSourcingModule.forRoot({ dispatch: 'none', dataSource: 'second' }),
      ]);
      await expect(started).rejects.toThrow(
        'Event class Archived: it was given to the forRoot of DataSource "default", and names "second" itself.',
      );
    });
  });

  it('and their options are checked', () => {
    expect(() => EventSourcingModule.forFeature({ event: [Click] } as never)).toThrow(UnknownOptionError);
    expect(() => EventSourcingModule.forFeature({ events: ['Click'] as never })).toThrow(InvalidOptionError);
  });

  it('and what log() is called with', async () => {
    const { log } = await start({ options: { events: [Click] } });
    for (const [call, message] of [
      [
        () => log.log('shop.Click', {}, { kye: 'x' } as never),
        'EventLog.log: unknown option "kye". Did you mean "key"?',
      ],
      [() => log.log(new Click(), { origin: 'http' } as never), 'EventLog.log: unknown option "origin".'],
      [
        () => log.log(new Click() as never, { place: 'x' } as never, {} as never),
        'expected data to be nothing but options',
      ],
      [() => log.log({ place: 'x' }), 'Event class Object: it has no name.'],
      [() => log.log(Teller, {} as never), 'Event class Teller: it has no name.'],
      [() => log.log(undefined as never), 'The name "undefined" is invalid: it is no string.'],
    ] as const)
      await expect(call()).rejects.toThrow(message);
    const given = log.log as (event: unknown, data: unknown, options: unknown) => Promise<{ key: string }>;
    expect((await given.call(log, new Click(), undefined, { key: 'third' })).key).toBe('third');
  });
});
