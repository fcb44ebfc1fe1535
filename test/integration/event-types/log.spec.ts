import { Injectable } from '@nestjs/common';
import { IsInt, IsOptional, IsUUID } from 'class-validator';
import {
  EventHandler,
  EventNotFoundError,
  EventSourcingModule,
  EventType,
  type EventTypeContext,
  EventValidationError,
  type EventSourcingOptions,
  OnEvent,
  type RecordedEvent,
  TransactionRequiredError,
} from 'nestjs-once';
import { drain } from 'nestjs-once/testing';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';

@Entity()
class Deal {
  @PrimaryGeneratedColumn() id: number;
  @Column() title: string;
}

/** What handlers saw, in order. */
@Injectable()
class Seen {
  readonly calls: string[] = [];
  readonly events: RecordedEvent<any>[] = [];
}

const DEAL = '4b3ee9d3-8a34-4c0e-9d20-0d3f6f0f9f10';

@EventType('shop.DealClick')
class DealClick {
  @IsUUID() dealId: string;
  @IsOptional() @IsInt() position?: number;
  source?: string = 'web';
  deal?: Deal | null;

  get where(): string {
    return `${this.source}:${this.position}`;
  }

  @OnEvent()
  count({ moduleRef, event, attempt, handler, signal, logger }: EventTypeContext<this>) {
    expect(event.data).toBe(this);
    expect([attempt, signal.aborted, typeof logger.warn]).toEqual([1, false, 'function']);
    moduleRef.get(Seen).calls.push(`${handler} ${event.group} ${this.where}`);
  }

  @OnEvent({ name: 'Archive', transactional: true })
  async keep({ moduleRef, manager, event }: EventTypeContext<this>) {
    await manager.insert(Deal, { title: event.key });
    (await moduleRef.resolve(Seen)).calls.push(
      `Archive in a transaction: ${manager.queryRunner?.isTransactionActive}`,
    );
  }
}

@EventType('shop.Unheard')
class Unheard {}

@Injectable()
class Listeners {
  constructor(private readonly seen: Seen) {}

  @EventHandler('shop.*')
  onShop(event: RecordedEvent) {
    this.seen.events.push(event);
    this.seen.calls.push(`onShop ${event.data instanceof DealClick}`);
  }

  @EventHandler(DealClick)
  onClick(event: RecordedEvent<DealClick>) {
    this.seen.events.push(event);
    this.seen.calls.push(`onClick ${event.data.where}`);
  }
}

describeEachDatabase('a named event', (db) => {
  let application: TestApplication;
  let seen: Seen;

  const start = async (options: EventSourcingOptions = {}) => {
    application = await startApplication({
      database: await db.options(),
      entities: [Deal],
      providers: [Seen, Listeners],
      options: { events: [DealClick, Unheard], retry: { maxRetries: 0 }, ...options },
    });
    seen = application.app.get(Seen);
    return application;
  };

  afterEach(() => application?.close());

  it.each([
    [
      'by its name',
      (log: TestApplication['log']) => log.log('shop.DealClick', { dealId: DEAL, position: 3 }),
    ],
    [
      'by its class',
      (log: TestApplication['log']) => log.log(DealClick, { dealId: DEAL, position: 3 } as DealClick),
    ],
    [
      'as an instance',
      (log: TestApplication['log']) => log.log(Object.assign(new DealClick(), { dealId: DEAL, position: 3 })),
    ],
  ])('is logged %s, recorded, and handled later by all that match', async (_, logIt) => {
    const { app, log } = await start();
    const result = await logIt(log);
    expect(seen.calls).toEqual([]);
    expect(result).toMatchObject({ recorded: true, event: { group: 'shop.DealClick', key: result.key } });
    expect(result.event!.data).toBeInstanceOf(DealClick);
    expect(await log.get(result.key)).toMatchObject({
      data: { dealId: DEAL, position: 3, source: 'web' },
      metadata: { source: 'log', correlationId: result.key },
    });
    await drain(app);
    expect([...seen.calls].sort()).toEqual([
      'Archive in a transaction: true',
      'onClick web:3',
      'onShop true',
      'shop.DealClick.count shop.DealClick web:3',
    ]);
    expect(await application.dataSource.manager.find(Deal)).toMatchObject([{ title: result.key }]);
  });

  it('gives each handler an instance of its own', async () => {
    const { app, log } = await start();
    await log.log('shop.DealClick', { dealId: DEAL });
    await drain(app);
    const [one, other] = seen.events;
    expect(one!.data).toEqual(other!.data);
    expect(one!.data).not.toBe(other!.data);
  });

  it('carries what it is logged with', async () => {
    const { log } = await start();
    const at = new Date(1_700_000_000_000);
    const request = { headers: { 'user-agent': 'curl/8' }, socket: { remoteAddress: '::1' } };
    const { event } = await log.log(
      'shop.Unheard',
      {},
      { key: 'k', occurredAt: at, metadata: { tenant: 't' }, request },
    );
    expect(event).toMatchObject({
      key: 'k',
      occurredAt: at,
      metadata: { ip: '::1', userAgent: 'curl/8', tenant: 't', source: 'log' },
    });
  });

  it('is recorded once for a key', async () => {
    const { log } = await start();
    expect((await log.log('shop.Unheard', {}, { key: 'once' })).recorded).toBe(true);
    expect(await log.log('shop.Unheard', {}, { key: 'once' })).toEqual({ key: 'once', recorded: false });
  });

  it('is recorded in the transaction of the manager, or not at all', async () => {
    const { log, dataSource } = await start();
    const fail = dataSource.transaction(async (manager) => {
      await log.log('shop.Unheard', {}, { key: 'rolled back', manager });
      throw new Error('no');
    });
    await expect(fail).rejects.toThrow('no');
    await dataSource.transaction((manager) => log.log(new Unheard(), { key: 'committed', manager }));
    expect(await log.get('rolled back')).toBeUndefined();
    expect(await log.get('committed')).toBeDefined();
    await expect(log.log('shop.Unheard', {}, { manager: dataSource.manager })).rejects.toThrow(
      TransactionRequiredError,
    );
  });

  it('leaves the transaction usable when it is refused, and nothing in the log', async () => {
    const { log, dataSource, deliveries } = await start();
    await dataSource.transaction(async (manager) => {
      await expect(log.log('shop.DealClick', { dealId: 'x' }, { manager })).rejects.toThrow(
        EventValidationError,
      );
      await expect(log.log('shop.DealClik', {}, { manager })).rejects.toThrow(EventNotFoundError);
      await expect(log.log('stuff', {}, { manager })).rejects.toThrow(/The name "stuff" is invalid/);
      await manager.insert(Deal, { title: 'goes on' });
    });
    expect(await dataSource.manager.countBy(Deal, { title: 'goes on' })).toBe(1);
    const recorded = [];
    for await (const event of log.read()) recorded.push(event);
    expect(recorded).toEqual([]);
    expect(await deliveries.counts()).toMatchObject({ pending: 0 });
  });

  it('needs no handler', async () => {
    const { app, log, deliveries } = await start();
    await log.log(Unheard, {}, { key: 'unheard' });
    await drain(app);
    expect(await deliveries.counts({ handler: ['shop.DealClick.count', 'Listeners.onClick'] })).toMatchObject(
      {
        succeeded: 0,
      },
    );
  });

  it('hands entities on, loaded afresh', async () => {
    const { app, log, dataSource } = await start();
    const deal = await dataSource.manager.save(Deal, { title: 'old' });
    const given = { dealId: DEAL, deal: await dataSource.manager.findOneByOrFail(Deal, { id: deal.id }) };
    await log.log('shop.DealClick', given);
    await dataSource.manager.update(Deal, deal.id, { title: 'new' });
    await drain(app);
    const clicked = seen.events[0]!.data as DealClick;
    expect(clicked.deal).toBeInstanceOf(Deal);
    expect(clicked.deal!.title).toBe('new');
    expect(given.deal.title).toBe('old');
  });

  it("is handled before log() resolves where dispatch is 'inline'", async () => {
    const { log } = await start({ dispatch: 'inline' });
    await log.log('shop.DealClick', { dealId: DEAL, position: 1 });
    expect(seen.calls).toHaveLength(4);
  });

  it('that its class does not accept any more is dead at once, comes to no handler, and can be retried', async () => {
    const { app, log, deliveries } = await start({ retry: { maxRetries: 5 } });
    // As a process of an older version of the class would have recorded it.
    await log.append({ group: 'shop.DealClick', key: 'old', data: { dealId: 'no uuid' } });
    await expect(drain(app)).rejects.toThrow(/dealId must be a UUID/);
    expect(seen.calls).toEqual([]);
    const { items } = await deliveries.list({ key: 'old' });
    expect(items).toHaveLength(4);
    for (const { status, attempts, error } of items) {
      expect({ status, attempts }).toEqual({ status: 'dead', attempts: 1 });
      expect(error).toMatch(
        /^EventValidationError: The data of event "shop.DealClick" is invalid: dealId must be/,
      );
    }
    expect(await application.dataSource.manager.count(Deal)).toBe(0);

    const event = 'once_event';
    await application.dataSource.query(
      `UPDATE ${event} SET payload = '{"dealId":"${DEAL}","position":9}' WHERE event_key = 'old'`,
    );
    expect(await deliveries.retry({ key: 'old' })).toBe(4);
    await drain(app);
    expect(seen.calls).toContain('onClick web:9');
  });

  it('that a handler emits with wrong data is an error of the handler, which is retried', async () => {
    @Injectable()
    class Clumsy {
      constructor() {}
      @EventHandler(Unheard)
      emit() {
        return application.log.log('shop.DealClick', { dealId: 'wrong' });
      }
    }
    application = await startApplication({
      database: await db.options(),
      entities: [Deal],
      providers: [Clumsy, Seen],
      options: { events: [Unheard, DealClick], retry: { maxRetries: 1, interval: '1h' } },
    });
    await application.log.log('shop.Unheard');
    await drain(application.app);
    expect(await application.deliveries.counts({ handler: 'Clumsy.emit' })).toMatchObject({
      pending: 1,
      dead: 0,
    });
  });

  it('is isolated: one failing handler keeps no other from its try, and is logged with event, handler and error', async () => {
    @EventType('shop.Partly')
    class Partly {
      @OnEvent() fails() {
        throw new Error('out of order');
      }
      @OnEvent() works({ moduleRef }: EventTypeContext) {
        moduleRef.get(Seen).calls.push('works');
      }
    }
    const { app, log, deliveries } = await start({ events: [Partly, DealClick] });
    await log.log('shop.Partly', {}, { key: 'p' });
    await expect(drain(app)).rejects.toThrow(/shop.Partly.fails for event p: Error: out of order/);
    expect([...seen.calls].sort()).toEqual(['onShop false', 'works']);
    expect(await deliveries.counts({ key: 'p' })).toMatchObject({ succeeded: 2, dead: 1 });
  });

  it('has ranks for the methods of its class, in the order of their declaration, before all others', async () => {
    const { dataSource } = await start();
    const rows: { name: string; handler_rank: number }[] = await dataSource.query(
      'SELECT name, handler_rank FROM once_handler ORDER BY handler_rank, name',
    );
    expect(rows.map(({ name, handler_rank }) => [name, Number(handler_rank)])).toEqual([
      ['shop.DealClick.count', 0],
      ['Archive', 1],
      ['Listeners.onClick', 1000],
      ['Listeners.onShop', 1000],
    ]);
  });

  it('of a feature is found in forFeature and among providers', async () => {
    @EventType('crm.Called')
    class Called {
      @OnEvent() note({ moduleRef }: EventTypeContext) {
        moduleRef.get(Seen).calls.push('called');
      }
    }
    @EventType('crm.Mailed')
    class Mailed {}
    application = await startApplication({
      database: await db.options(),
      providers: [Seen, Mailed],
      imports: [EventSourcingModule.forFeature({ events: [Called] }), EventSourcingModule.forFeature({})],
    });
    seen = application.app.get(Seen);
    await application.log.log('crm.Called');
    await application.log.log(Mailed, {});
    await drain(application.app);
    expect(seen.calls).toEqual(['called']);
  });
});
