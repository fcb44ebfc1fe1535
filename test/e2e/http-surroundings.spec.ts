import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { ApiProperty, DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { IsInt, IsString } from 'class-validator';
import { EventLog, EventSourcingModule, EventType, getEventLogToken, InvalidOptionError } from 'nestjs-once';
import type { Engine } from '../../lib/module/engine.js';
import { engineToken } from '../../lib/module/tokens.js';
import { CuttableProxy } from '../support/cuttable-proxy.js';
import { dataSourceOptionsFrom } from '../support/data-source-options.js';
import { describeAnyDatabase, describeEachDatabase } from '../support/databases.js';
import { Enveloping } from '../support/hostile-application.js';
import { ADAPTERS, type HttpApplication, send, startHttpApplication } from '../support/http-application.js';
import { SHOP_EVENTS } from '../support/shop-events.js';

@EventType('shop.Ordered')
class Ordered {
  @ApiProperty({ description: 'How many.' })
  @IsInt()
  amount!: number;

  @ApiProperty()
  @IsString()
  sku!: string;
}

const HTTP = { allow: ['shop.*'], rateLimit: false as const };
const EVENT = { __event__: 'shop.Anything', __key__: 'k', x: 1 };

describeEachDatabase('the door and the database', (db) => {
  it('asks clients to come again, whatever keeps events from being recorded', async () => {
    const application = await startHttpApplication({
      adapter: 'express',
      database: await db.options(),
      options: { events: SHOP_EVENTS, http: HTTP },
    });
    await application.dataSource.query(`DROP TABLE once_delivery`);
    await application.dataSource.query(`DROP TABLE once_event`);
    const answer = await send(`${application.url}/event/log`, EVENT);
    expect(answer).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE' } });
    expect(answer.text).not.toMatch(/once_event|sql/i);
    await application.close();
  });

  if (db.name === 'sqlite') return;
  it('keeps clients waiting while the database is away, and loses nothing', async () => {
    const address = await db.create();
    const proxy = await CuttableProxy.before(address.url);
    const application = await startHttpApplication({
      adapter: 'express',
      database: dataSourceOptionsFrom({ ...address, url: proxy.through(address.url) }, { logging: false }),
      options: { events: SHOP_EVENTS, http: HTTP },
    });
    const { connectivity } = application.app.get<Engine>(engineToken()).parts;
    const post = () => send(`${application.url}/event/log`, [EVENT, { ...EVENT, __key__: 'l' }]);

    proxy.cut();
    const refused = await post();
    expect(refused).toMatchObject({
      status: 503,
      body: { statusCode: 503, code: 'UNAVAILABLE', errors: [] },
    });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);

    proxy.restore();
    await connectivity.reachable();
    expect((await post()).body.results.map((result: { recorded: boolean }) => result.recorded)).toEqual([
      true,
      true,
    ]);
    await application.close();
    await proxy.close();
  });
});

describeAnyDatabase('the door and what is around it', (db) => {
  describe.each(ADAPTERS)('on %s', (adapter) => {
    let application: HttpApplication;
    afterEach(() => application.close());

    it('is described to who reads OpenAPI', async () => {
      application = await startHttpApplication({
        adapter,
        database: await db.options(),
        options: {
          events: [...SHOP_EVENTS, Ordered],
          http: { ...HTTP, allow: ['shop.Ordered', 'shop.Anything'] },
        },
        configure: (app) => app.setGlobalPrefix('api'),
      });
      const document = SwaggerModule.createDocument(application.app, new DocumentBuilder().build());
      const { post } = document.paths['/api/event/log']!;
      const { content } = post!.requestBody as { content: Record<string, any> };
      expect(document.paths['/api/event/log.js']).toBeUndefined();
      expect(Object.keys(content).sort()).toEqual([
        'application/json',
        'application/x-ndjson',
        'application/x-www-form-urlencoded',
      ]);
      const [event, many] = content['application/json'].schema.oneOf;
      expect(many).toMatchObject({ type: 'array', maxItems: 100, items: event });
      const schemas = event.oneOf.map(({ allOf: [data, envelope] }: any) => [
        data,
        envelope.properties.__event__.enum,
      ]);
      expect(schemas).toEqual([
        [{ type: 'object', additionalProperties: true }, ['shop.Anything']],
        [{ $ref: '#/components/schemas/Ordered' }, ['shop.Ordered']],
      ]);
      expect(document.components!.schemas!.Ordered).toMatchObject({
        properties: { amount: { type: 'number' } },
      });
      const parameters = post!.parameters!.map(
        (parameter) => 'name' in parameter && `${parameter.in} ${parameter.name}`,
      );
      expect(parameters).toEqual(
        expect.arrayContaining(['query __event__', 'query data', 'header Idempotency-Key']),
      );
      expect(Object.keys(post!.responses).map(Number)).toEqual([202, 400, 403, 404, 409, 413, 415, 429, 503]);
    });

    it('has one path for each DataSource', async () => {
      const second = { ...(await db.options()), name: 'second' };
      application = await startHttpApplication({
        adapter,
        database: await db.options(),
        options: {},
        modules: [
          EventSourcingModule.forRoot({ dispatch: 'none', events: SHOP_EVENTS, http: HTTP }),
          TypeOrmModule.forRoot({ ...second, autoLoadEntities: true }),
          EventSourcingModule.forRoot({
            dataSource: 'second',
            dispatch: 'none',
            events: SHOP_EVENTS,
            http: { ...HTTP, path: 'second/log' },
          }),
        ],
      });
      const { app, url } = application;
      await send(`${url}/event/log`, { ...EVENT, __key__: 'first' });
      await send(`${url}/second/log`, { ...EVENT, __key__: 'second' });
      for (const [token, key] of [
        [EventLog, 'first'],
        [getEventLogToken('second'), 'second'],
      ] as const) {
        const keys = [];
        for await (const event of app.get<EventLog>(token as never).read()) keys.push(event.key);
        expect(keys).toEqual([`http:shop.Anything:${key}`]);
      }
      expect(app.get(getDataSourceToken('second'))).toBeDefined();
    });

    it('serves the script of the client, cached and as it is, unless it is told not to', async () => {
      builtScript();
      const start = async (client: boolean) => {
        application = await startHttpApplication({
          adapter,
          database: await db.options(),
          options: { events: SHOP_EVENTS, http: { ...HTTP, client } },
          configure: (app) => app.useGlobalInterceptors(new Enveloping()),
        });
        return (headers = {}) =>
          send(`${application.url}/event/log.js`, undefined, { method: 'GET', ...headers });
      };
      const get = await start(true);
      const script = await get();
      expect(script.status).toBe(200);
      expect(script.text).toBe(readFileSync(SCRIPT, 'utf8'));
      expect(script.headers.get('content-type')).toMatch(/^text\/javascript/);
      expect(script.headers.get('cache-control')).toMatch(/^public, max-age=/);
      expect((await get({ 'if-none-match': script.headers.get('etag')! })).status).toBe(304);
      await application.close();
      expect((await (await start(false))()).status).toBe(404);
    });
  });

  it('refuses the same path twice', async () => {
    const second = { ...(await db.options()), name: 'second' };
    const start = startHttpApplication({
      adapter: 'express',
      database: await db.options(),
      options: {},
      modules: [
        EventSourcingModule.forRoot({ events: SHOP_EVENTS, http: HTTP }),
        TypeOrmModule.forRoot({ ...second, autoLoadEntities: true }),
        EventSourcingModule.forRoot({ dataSource: 'second', events: SHOP_EVENTS, http: HTTP }),
      ],
    });
    await expect(start).rejects.toThrow(InvalidOptionError);
  });
});

const SCRIPT = new URL('../../dist/client/log.js', import.meta.url);
let isSubstitute = false;

/** What a build makes; for these tests something in its place where nothing was built. */
function builtScript(): void {
  if (existsSync(SCRIPT)) return;
  isSubstitute = true;
  mkdirSync(new URL('.', SCRIPT), { recursive: true });
  writeFileSync(SCRIPT, '"the client"');
}

afterAll(() => isSubstitute && rmSync(SCRIPT));
