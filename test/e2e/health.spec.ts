import type { AddressInfo } from 'node:net';
import { Controller, Get, type INestApplication, Inject, Logger } from '@nestjs/common';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  Deliveries,
  EventLog,
  EventSourcingModule,
  type EventSourcingOptions,
  NonRetriableError,
} from 'nestjs-once';
import { EventSourcingHealthIndicator, type EventSourcingHealthOptions } from 'nestjs-once/terminus';
import { DataSource, type DataSourceOptions } from 'typeorm';
import type { Engine } from '../../lib/module/engine.js';
import { engineToken } from '../../lib/module/tokens.js';
import { CuttableProxy } from '../support/cuttable-proxy.js';
import { dataSourceOptionsFrom } from '../support/data-source-options.js';
import { describeEachDatabase } from '../support/databases.js';
import { deferred, until } from '../support/deferred.js';
import { type Script, scriptedHandler } from '../support/scripted-handler.js';

/** Nobody gets a lease. */
const REFUSALS = {
  sqlite: {
    refuse: [`CREATE TRIGGER refusal BEFORE INSERT ON once_worker BEGIN SELECT RAISE(ABORT, 'refused'); END`],
    allow: 'DROP TRIGGER refusal',
  },
  postgres: {
    refuse: [
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$`,
      'CREATE TRIGGER refusal BEFORE INSERT ON once_worker FOR EACH ROW EXECUTE FUNCTION refuse()',
    ],
    allow: 'DROP TRIGGER refusal ON once_worker',
  },
  mysql: {
    refuse: [
      `CREATE TRIGGER refusal BEFORE INSERT ON once_worker FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'refused'`,
    ],
    allow: 'DROP TRIGGER refusal',
  },
} as const;

const LIMITS = 'limits of the health check';

@Controller('health')
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly events: EventSourcingHealthIndicator,
    @Inject(LIMITS) private readonly limits: EventSourcingHealthOptions,
  ) {}

  @Get()
  @HealthCheck()
  check() {
    return this.health.check([() => this.events.check('events', this.limits)]);
  }
}

describeEachDatabase('the health indicator, asked over HTTP', (db) => {
  let app: INestApplication;

  const start = async (
    limits: EventSourcingHealthOptions,
    options: EventSourcingOptions = {},
    script: Script = () => undefined,
    database?: DataSourceOptions,
  ) => {
    const testing = await Test.createTestingModule({
      imports: [
        TypeOrmModule.forRoot({ ...(database ?? (await db.options())), autoLoadEntities: true }),
        EventSourcingModule.forRoot({ worker: { pollInterval: 20 }, ...options }),
        TerminusModule.forRoot({ logger: false }),
      ],
      controllers: [HealthController],
      providers: [
        EventSourcingHealthIndicator,
        scriptedHandler('Any', script),
        { provide: LIMITS, useValue: limits },
      ],
    }).compile();
    app = testing.createNestApplication({ logger: false });
    await app.listen(0, '127.0.0.1');
    Logger.overrideLogger(false);
  };

  const ask = async () => {
    const { port } = (app.getHttpServer() as { address(): AddressInfo }).address();
    const response = await fetch(`http://127.0.0.1:${port}/health`);
    const body = (await response.json()) as { details: { events: Record<string, unknown> } };
    const { status: is, ...facts } = body.details.events;
    return { status: response.status, is, ...facts } as Record<string, unknown>;
  };

  afterEach(() => app.close());

  it('is up while the worker runs and holds its lease', async () => {
    await start({ maxLag: '1m', maxDead: 0 });
    await until(() => app.get<Engine>(engineToken()).parts.keeper.sinceExtended !== undefined);
    const health = await ask();
    expect(health).toMatchObject({ status: 200, is: 'up', worker: 'running', lag: 0, dead: 0 });
    expect(health).toHaveProperty('leaseAge');
  });

  it('is down when something has been due for longer than maxLag', async () => {
    const started = deferred();
    const release = deferred();
    await start({ maxLag: 50 }, { worker: { concurrency: 1 } }, async () => {
      started.resolve();
      await release.promise;
    });
    const { worker } = app.get<Engine>(engineToken()).parts;
    await app.get(EventLog).append({ group: 'g', key: 'a' });
    await started.promise;
    await worker.tidy(0);
    expect(await ask()).toMatchObject({ status: 200, is: 'up' });
    // Nobody claims it any more.
    await worker.stopClaiming();
    await app.get(EventLog).append({ group: 'g', key: 'b' });
    await until(async () =>
      /has been waiting for \d+ ms, more than 50 ms/.test(String((await ask()).message)),
    );
    expect(await ask()).toMatchObject({ status: 503, is: 'down', worker: 'stopped' });
    release.resolve();
  });

  it('is down when more are dead than maxDead', async () => {
    await start({ maxDead: 1 }, {}, () => {
      throw new NonRetriableError('never');
    });
    const dead = async () => (await app.get(Deliveries).counts()).dead;
    await app.get(EventLog).append({ group: 'g', key: 'a' });
    await until(async () => (await dead()) === 1);
    expect(await ask()).toMatchObject({ status: 200, is: 'up', dead: 1 });
    await app.get(EventLog).append({ group: 'g', key: 'b' });
    await until(async () => (await dead()) === 2);
    expect(await ask()).toMatchObject({
      status: 503,
      is: 'down',
      message: '2 deliveries are dead, more than 1',
    });
  });

  it('needs no worker where this process runs none', async () => {
    await start({}, { dispatch: 'none' });
    expect(await ask()).toMatchObject({ status: 200, is: 'up', worker: 'not needed' });
  });

  it('is down when the heartbeat is missing', async () => {
    await start({});
    const { keeper } = app.get<Engine>(engineToken()).parts;
    await until(() => keeper.sinceExtended !== undefined);
    // A heartbeat that is late for real is no sooner told than mended: whoever looks at the lease next renews it.
    Object.defineProperty(keeper, 'sinceExtended', { value: 30_000 });
    expect(await ask()).toMatchObject({
      is: 'down',
      message: expect.stringContaining('The last heartbeat was'),
    });
  });

  it('is down while the worker has no lease and can get none, and up when it has one again', async () => {
    await start({}, { worker: { pollInterval: 20, lease: 300 } });
    const { keeper, database } = app.get<Engine>(engineToken()).parts;
    await until(() => keeper.sinceExtended !== undefined);
    const { refuse, allow } = REFUSALS[db.dialect];
    const { dataSource } = database;
    for (const statement of refuse) await dataSource.query(statement);
    await dataSource.query('DELETE FROM once_worker');
    await until(async () => (await ask()).status === 503);
    await until(async () => /The worker has no lease: .*refused/i.test(String((await ask()).message)));
    await dataSource.query(allow);
    await until(async () => (await ask()).status === 200);
    expect(await ask()).toMatchObject({ is: 'up', worker: 'running' });
  });

  it('refuses what it does not know', async () => {
    await start({});
    const indicator = app.get(EventSourcingHealthIndicator);
    await expect(indicator.check('events', { maxlag: 1 } as object)).rejects.toMatchObject({
      code: 'UNKNOWN_OPTION',
    });
    await expect(indicator.check('events', { maxDead: -1 })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
  });

  it('is down while the database is away', async () => {
    if (db.name === 'sqlite') {
      await start({ timeout: 300 });
      const { manager } = app.get(DataSource);
      // Who holds the one connection for so long keeps everybody waiting.
      await manager.transaction(async () => expect(await ask()).toMatchObject({ status: 503, is: 'down' }));
      // An answer in time is asked for again: a loaded machine may take longer than that for one.
      await until(async () => (await ask()).status === 200);
      return;
    }
    const address = await db.create();
    const proxy = await CuttableProxy.before(address.url);
    const options = dataSourceOptionsFrom(
      { ...address, url: proxy.through(address.url) },
      { logging: false },
    );
    await start({}, {}, undefined, options);
    expect(await ask()).toMatchObject({ status: 200 });
    proxy.cut();
    await until(async () => (await ask()).worker === 'waiting for the database');
    expect(await ask()).toMatchObject({
      status: 503,
      is: 'down',
      message: expect.stringContaining('The database does not answer'),
      failing: expect.arrayContaining(['connectivity: the database cannot be reached']),
    });
    proxy.restore();
    await until(async () => (await ask()).status === 200);
    await app.close();
    await proxy.close();
  });
});
